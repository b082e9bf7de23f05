-- The agents, their certificates, and what they sent.

CREATE TABLE enrolment_token (
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    id          TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    tags        TEXT NOT NULL,
    uses_left   BIGINT NOT NULL,
    expires_ms  BIGINT NOT NULL,
    revoked     BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE agent (
    seq                $SEQ,
    account            TEXT NOT NULL,
    region             TEXT NOT NULL,
    id                 TEXT NOT NULL UNIQUE,
    hostname           TEXT NOT NULL,
    tags               TEXT NOT NULL,
    auto_scaling_group TEXT,
    agent_version      TEXT NOT NULL,
    facts              TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    nonce              TEXT NOT NULL,
    nonce_before       TEXT NOT NULL,
    health_code        TEXT NOT NULL,
    health_details     TEXT,
    cloned             BIGINT NOT NULL,
    revoked            BIGINT NOT NULL,
    enrolled_ms        BIGINT NOT NULL,
    seen_ms            BIGINT NOT NULL,
    snapshot           TEXT,
    snapshot_ms        BIGINT
);
CREATE INDEX agent_by_scope ON agent (account, region, seq);
CREATE INDEX agent_by_snapshot ON agent (account, snapshot);

-- One row a tag, so that a target's hosts are found by look-up.
CREATE TABLE agent_tag (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    agent   TEXT NOT NULL,
    key     TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (agent, key)
);
CREATE INDEX agent_tag_by_value ON agent_tag (account, region, key, value, agent);

CREATE TABLE certificate (
    account    TEXT NOT NULL,
    serial     TEXT PRIMARY KEY,
    agent      TEXT NOT NULL,
    issued_ms  BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);
CREATE INDEX certificate_by_agent ON certificate (agent);

-- An agent in a run. `phase`: instructed, collecting, flushed, evaluated, excluded. `gaps`: rules
-- packages that were not judged whole on it; `failures`: those of them where something failed, in
-- contrast to a thing that nobody speaks of.
CREATE TABLE run_agent (
    account      TEXT NOT NULL,
    region       TEXT NOT NULL,
    run_seq      BIGINT NOT NULL,
    agent        TEXT NOT NULL,
    phase        TEXT NOT NULL,
    joined_ms    BIGINT NOT NULL,
    started_ms   BIGINT,
    data_ms      BIGINT,
    next_chunk   BIGINT NOT NULL,
    last_chunk   BIGINT,
    snapshot     TEXT,
    health_code  TEXT NOT NULL,
    details      TEXT,
    asset        TEXT NOT NULL,
    evaluated_ms BIGINT,
    gaps         BIGINT NOT NULL DEFAULT 0,
    failures     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (run_seq, agent)
);
CREATE INDEX run_agent_by_agent ON run_agent (agent, run_seq);

CREATE TABLE chunk (
    account     TEXT NOT NULL,
    run_seq     BIGINT NOT NULL,
    agent       TEXT NOT NULL,
    number      BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    bytes       BIGINT NOT NULL,
    body        $BLOB,
    received_ms BIGINT NOT NULL,
    PRIMARY KEY (run_seq, agent, number)
);

CREATE TABLE telemetry (
    account      TEXT NOT NULL,
    run_seq      BIGINT NOT NULL,
    agent        TEXT NOT NULL,
    message_type TEXT NOT NULL,
    messages     BIGINT NOT NULL,
    bytes        BIGINT NOT NULL,
    PRIMARY KEY (run_seq, agent, message_type)
);

-- Snapshots by content; the bytes are a blob named by the digest.
CREATE TABLE snapshot (
    account    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    release    TEXT,
    packages   BIGINT NOT NULL,
    bytes      BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, digest)
);
