-- What was found, and what could not be judged.

-- The long texts of findings by content: many hosts have the same fault.
CREATE TABLE finding_text (
    account TEXT NOT NULL,
    digest  TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (account, digest)
);

CREATE TABLE finding (
    seq           $SEQ,
    account       TEXT NOT NULL,
    region        TEXT NOT NULL,
    run_seq       BIGINT NOT NULL,
    id            TEXT NOT NULL,
    agent         TEXT NOT NULL,
    scaling_group TEXT,
    rules_package TEXT NOT NULL,
    rule          TEXT NOT NULL,
    severity      TEXT NOT NULL,
    stable_key    TEXT NOT NULL,
    title         TEXT NOT NULL,
    text_digest   TEXT NOT NULL,
    attributes    TEXT NOT NULL,
    evidence      TEXT NOT NULL,
    user_attributes TEXT NOT NULL,
    created_ms    BIGINT NOT NULL,
    updated_ms    BIGINT NOT NULL,
    package_name  TEXT,
    UNIQUE (run_seq, id)
);
-- Each way to ask for findings reads one of these from its end and stops after a page. No two of
-- them fit the same question, because SQLite would choose by chance. All of a scope are asked for
-- severity by severity.
CREATE INDEX finding_by_run ON finding (run_seq, severity, seq);
CREATE INDEX finding_by_severity ON finding (account, region, severity, seq);
CREATE INDEX finding_by_agent ON finding (account, region, agent, seq);
CREATE INDEX finding_by_rule ON finding (account, region, rule, seq);
-- The ARN of a rules package names the region.
CREATE INDEX finding_by_package ON finding (account, rules_package, severity, seq);
CREATE INDEX finding_by_group ON finding (account, region, scaling_group, seq) WHERE scaling_group IS NOT NULL;
CREATE INDEX finding_by_name ON finding (account, region, package_name, seq) WHERE package_name IS NOT NULL;
CREATE INDEX finding_by_key ON finding (account, stable_key, seq);
-- Reports walk a run rule by rule.
CREATE INDEX finding_in_report ON finding (run_seq, severity, rule, seq);

-- Between which numbers and times the findings of a run lie, so that a question about a run or a
-- time looks at no others. Wider than the truth does no harm.
CREATE TABLE finding_span (
    account   TEXT NOT NULL,
    region    TEXT NOT NULL,
    run_seq   BIGINT NOT NULL PRIMARY KEY,
    first_seq BIGINT NOT NULL,
    last_seq  BIGINT NOT NULL,
    first_ms  BIGINT NOT NULL,
    last_ms   BIGINT NOT NULL
);
CREATE INDEX finding_span_by_time ON finding_span (account, region, last_ms);

-- One row for each attribute that a user or a template put on a finding.
CREATE TABLE finding_attribute (
    account     TEXT NOT NULL,
    region      TEXT NOT NULL,
    finding_seq BIGINT NOT NULL,
    key         TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (finding_seq, key)
);
CREATE INDEX finding_attribute_by_value ON finding_attribute (account, region, key, value, finding_seq);

CREATE TABLE exclusion (
    seq     $SEQ,
    account TEXT NOT NULL,
    region  TEXT NOT NULL,
    run_seq BIGINT NOT NULL,
    id      TEXT NOT NULL,
    body    TEXT NOT NULL,
    UNIQUE (run_seq, id)
);

-- The verdict of each rule on each host of a run, for FULL reports. `result`: fail, pass,
-- not-applicable, unknown.
CREATE TABLE rule_result (
    account       TEXT NOT NULL,
    run_seq       BIGINT NOT NULL,
    agent         TEXT NOT NULL,
    rules_package TEXT NOT NULL,
    rule          TEXT NOT NULL,
    title         TEXT NOT NULL,
    severity      TEXT NOT NULL,
    result        TEXT NOT NULL,
    PRIMARY KEY (run_seq, agent, rules_package, rule)
);
CREATE INDEX rule_result_by_rule ON rule_result (run_seq, rules_package, rule, agent);
