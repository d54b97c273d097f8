"""What a network costs on the Edge TPU: partition, parameters, memory, cycles, latency."""
