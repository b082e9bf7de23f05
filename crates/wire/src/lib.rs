//! The contract between agent and server: enrolment, heartbeat with instructions, telemetry.
