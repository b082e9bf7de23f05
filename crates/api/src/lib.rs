//! The faces of the service on one TLS port.
