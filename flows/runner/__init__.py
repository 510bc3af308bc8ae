"""Running the dataflow: its recovery store, one execution of it, what attends it, and several."""
