"""Networks as files of graphs, computed on arrays; torch is not needed to run them."""
