"""Teachers: recurrent networks on a foundation model's layer, or on filterbank and pitch."""
