-- What retention asks: is any run still about this snapshot.

CREATE INDEX run_agent_by_snapshot ON run_agent (account, snapshot) WHERE snapshot IS NOT NULL;
