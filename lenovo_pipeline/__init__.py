import logging
import os

# What imports peft imports bitsandbytes, which says at every start that it would rather fetch compiled code from a server.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)

# torch's oneDNN keeps a compiled kernel for each of the last 1,024 shapes that it met. Rows of text have hundreds of lengths:
# after 150 steps of a training it held 9 GB and had slowed to half. So many serve one step, and fewer cost it no time.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "16")
