"""The files of dossiers, by name: what whoever writes them and whoever reads them agree on."""

FOLDER, INDEX, DOSSIER, SBOM = "dossier", "index.html", "dossier.json", "sbom.cdx.json"
PAGE = "index.html"
