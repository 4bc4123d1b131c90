"""Published tables as data, and what trains and scores every row of one."""
