-- From package to version to hosts, and what a changed feed changed.

-- One row for each package of each stored snapshot.
CREATE TABLE snapshot_package (
    account  TEXT NOT NULL,
    release  TEXT NOT NULL,
    source   TEXT NOT NULL,
    version  TEXT NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (account, release, source, version, snapshot)
);
CREATE INDEX snapshot_package_by_snapshot ON snapshot_package (account, snapshot);

-- The source packages that any stored snapshot has, and what the index said of each when it was
-- last asked; an empty fingerprint for never.
CREATE TABLE package_statement (
    account     TEXT NOT NULL,
    release     TEXT NOT NULL,
    source      TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    PRIMARY KEY (account, release, source)
);

-- What is wrong with a host now, whoever noticed it: a run or a changed feed.
CREATE TABLE posture (
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    agent         TEXT NOT NULL,
    stable_key    TEXT NOT NULL,
    rules_package TEXT NOT NULL,
    rule          TEXT NOT NULL,
    subject       TEXT NOT NULL,
    severity      TEXT NOT NULL,
    title         TEXT NOT NULL,
    first_ms      BIGINT NOT NULL,
    last_ms       BIGINT NOT NULL,
    resolved_ms   BIGINT,
    PRIMARY KEY (account, region, agent, stable_key)
);
CREATE INDEX posture_open ON posture (account, region, resolved_ms, severity);
-- A changed feed asks for the faults of one package on one host.
CREATE INDEX posture_by_subject ON posture (account, subject, agent);

-- One re-matching after the index changed.
CREATE TABLE rematch (
    seq         $SEQ,
    account     TEXT NOT NULL,
    index_before TEXT NOT NULL,
    index_after TEXT NOT NULL,
    started_ms  BIGINT NOT NULL,
    ended_ms    BIGINT,
    packages    BIGINT NOT NULL,
    hosts       BIGINT NOT NULL,
    appeared    BIGINT NOT NULL,
    resolved    BIGINT NOT NULL,
    changed     BIGINT NOT NULL
);

CREATE TABLE rematch_change (
    account    TEXT NOT NULL,
    rematch    BIGINT NOT NULL,
    agent      TEXT NOT NULL,
    stable_key TEXT NOT NULL,
    change     TEXT NOT NULL,
    rule       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    severity   TEXT NOT NULL,
    PRIMARY KEY (rematch, agent, stable_key)
);
