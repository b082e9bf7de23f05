-- Every call, in a chain of hashes.

CREATE TABLE audit_head (
    account TEXT PRIMARY KEY,
    number  BIGINT NOT NULL,
    hash    TEXT NOT NULL
);

CREATE TABLE audit_record (
    account TEXT NOT NULL,
    number  BIGINT NOT NULL,
    at_ms   BIGINT NOT NULL,
    record  TEXT NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (account, number)
);

-- Files that records were moved to, each `{"Records":[…]}` and gzip, with the hashes at both ends.
CREATE TABLE audit_file (
    account      TEXT NOT NULL,
    first_number BIGINT NOT NULL,
    last_number  BIGINT NOT NULL,
    before_hash  TEXT NOT NULL,
    last_hash    TEXT NOT NULL,
    sha256       TEXT NOT NULL,
    blob         TEXT NOT NULL,
    created_ms   BIGINT NOT NULL,
    PRIMARY KEY (account, first_number)
);
