"""Ways to cut texts into what is searched and what is shown, compared on the same questions."""
