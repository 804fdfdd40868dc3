import logging

# What imports peft imports bitsandbytes, which says at every start that it would rather fetch compiled code from a server.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
