"""A file while it is being written: drawn again at every save, wrong or right."""
