"""A small invented world to run the dataflow on: a destination, its inputs, and what wrote them."""
