//! What the service remembers: the only SQL of the house, and the blobs.
