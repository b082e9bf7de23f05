-- Who may call: accounts, users, roles, access keys; settings of an account.

CREATE TABLE account (
    id         TEXT PRIMARY KEY,
    created_ms BIGINT NOT NULL
);

CREATE TABLE setting (
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (account, name)
);

CREATE TABLE user_entry (
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- Custom roles only; the built-in ones are part of the program.
CREATE TABLE role_entry (
    account    TEXT NOT NULL,
    name       TEXT NOT NULL,
    policy     TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- The secret is sealed with the master key; a temporary key has the hash of its session token.
CREATE TABLE access_key (
    id            TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    user_name     TEXT NOT NULL,
    secret_sealed $BLOB NOT NULL,
    token_hash    TEXT,
    expires_ms    BIGINT,
    active        BIGINT NOT NULL,
    created_ms    BIGINT NOT NULL,
    last_used_ms  BIGINT
);
CREATE INDEX access_key_by_user ON access_key (account, user_name);

-- The role that DescribeCrossAccountAccessRole shows.
CREATE TABLE service_role (
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    arn           TEXT NOT NULL,
    registered_ms BIGINT NOT NULL,
    PRIMARY KEY (account, region)
);
