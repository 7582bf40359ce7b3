"""What Jupyter and IPython show."""
