"""Reading the files: FlatBuffers, FlexBuffers, TFLite models, Edge TPU executables; every access checked."""
