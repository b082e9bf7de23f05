//! Collects on a host and sends to a Yagura server.
