-- What to assess, how, and the runs.

CREATE TABLE resource_group (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    id         TEXT NOT NULL,
    tags       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (account, region, id)
);

CREATE TABLE target (
    seq            $SEQ,
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    id             TEXT NOT NULL,
    name           TEXT NOT NULL,
    resource_group TEXT,
    created_ms     BIGINT NOT NULL,
    updated_ms     BIGINT NOT NULL,
    UNIQUE (account, region, id),
    UNIQUE (account, region, name)
);

CREATE TABLE template (
    seq        $SEQ,
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    id         TEXT NOT NULL,
    target     TEXT NOT NULL,
    name       TEXT NOT NULL,
    duration_s BIGINT NOT NULL,
    rules      TEXT NOT NULL,
    attributes TEXT NOT NULL,
    tags       TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    UNIQUE (account, region, id),
    UNIQUE (account, region, target, name)
);

CREATE TABLE subscription (
    seq           $SEQ,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    template      TEXT NOT NULL,
    topic         TEXT NOT NULL,
    event         TEXT NOT NULL,
    subscribed_ms BIGINT NOT NULL,
    UNIQUE (account, region, template, topic, event)
);

-- `version` grows with each change, so that of two servers only one makes a transition.
CREATE TABLE run (
    seq            $SEQ,
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    id             TEXT NOT NULL,
    target         TEXT NOT NULL,
    template       TEXT NOT NULL,
    name           TEXT NOT NULL,
    state          TEXT NOT NULL,
    live           BIGINT NOT NULL,
    version        BIGINT NOT NULL,
    duration_s     BIGINT NOT NULL,
    rules          TEXT NOT NULL,
    attributes     TEXT NOT NULL,
    created_ms     BIGINT NOT NULL,
    started_ms     BIGINT,
    completed_ms   BIGINT,
    changed_ms     BIGINT NOT NULL,
    stop           TEXT,
    data_collected BIGINT NOT NULL,
    published      BIGINT NOT NULL,
    counts         TEXT NOT NULL,
    lease_owner    TEXT,
    lease_until_ms BIGINT,
    UNIQUE (account, region, id),
    UNIQUE (account, region, template, name)
);
CREATE INDEX run_live ON run (live, seq);
CREATE INDEX run_by_target ON run (account, region, target);
CREATE INDEX run_by_template ON run (account, region, template, seq);
CREATE INDEX run_unpublished ON run (account, region, published);

CREATE TABLE run_transition (
    account TEXT NOT NULL,
    run_seq BIGINT NOT NULL,
    number  BIGINT NOT NULL,
    state   TEXT NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (run_seq, number)
);

CREATE TABLE run_notification (
    seq     $SEQ,
    account TEXT NOT NULL,
    run_seq BIGINT NOT NULL,
    event   TEXT NOT NULL,
    topic   TEXT,
    message TEXT,
    error   BIGINT NOT NULL,
    status  TEXT,
    at_ms   BIGINT NOT NULL
);
CREATE INDEX run_notification_by_run ON run_notification (run_seq, seq);

CREATE TABLE exclusion_preview (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    token      TEXT NOT NULL,
    template   TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    done       BIGINT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (account, region, token)
);

-- One document about a run. `tries` counts claims; a row that is in progress and was not renewed
-- since `changed_ms` for longer than the lease has lost its worker. `blob` is written at the claim,
-- before the blob itself, so that deleting the run finds it whatever happens.
CREATE TABLE report (
    account    TEXT NOT NULL,
    region     TEXT NOT NULL,
    run_seq    BIGINT NOT NULL,
    format     TEXT NOT NULL,
    kind       TEXT NOT NULL,
    language   TEXT NOT NULL,
    status     TEXT NOT NULL,
    message    TEXT,
    blob       TEXT,
    asked_by   TEXT NOT NULL,
    tries      BIGINT NOT NULL,
    changed_ms BIGINT NOT NULL,
    PRIMARY KEY (run_seq, format, kind, language)
);
CREATE INDEX report_waiting ON report (status, changed_ms);

-- Blobs whose row is gone: to be deleted, and then forgotten here.
CREATE TABLE blob_trash (
    account TEXT NOT NULL,
    name    TEXT NOT NULL PRIMARY KEY,
    at_ms   BIGINT NOT NULL
);

-- What happened, to be told to others: written in the transaction of the thing itself.
CREATE TABLE event (
    seq      $SEQ,
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    subject  TEXT NOT NULL,
    body     TEXT NOT NULL,
    at_ms    BIGINT NOT NULL
);

-- One agent in one run counts once for each meter.
CREATE TABLE usage_entry (
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    month   TEXT NOT NULL,
    meter   TEXT NOT NULL,
    run     TEXT NOT NULL,
    agent   TEXT NOT NULL,
    at_ms   BIGINT NOT NULL,
    PRIMARY KEY (account, month, meter, run, agent)
);
