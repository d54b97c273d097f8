"""One module per kind of network; each has a subclass of `train.foundation.encoder.Encoder`."""
