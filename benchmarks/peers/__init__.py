"""Other engines that run our graphs, one file each."""
