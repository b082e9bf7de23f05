//! What could not be judged, in words: title, what it means, what to do, over what it reaches.
//!
//! The titles are the original's, so that scripts that look for them find them. An exclusion's id
//! follows from its text and its reach: the same obstacle of a run is there once, however often
//! it is met.

use yagura_model::service::Id;
use yagura_model::{Attribute, LocalText};
use yagura_store::{ExclusionScope, StoredExclusion};

/// The target means no host.
pub fn no_instances() -> StoredExclusion {
    exclusion(
        ("No instances in target", "ターゲットにインスタンスがない"),
        LocalText::new(
            "The assessment target has no hosts: no enrolled agent carries one of its tags, so nothing was assessed.",
            "評価ターゲットにホストがありません。タグに一致する登録済みエージェントがないため、何も評価されませんでした。",
        ),
        LocalText::new(
            "Enrol agents with the target's tags, or change the target's tags.",
            "ターゲットのタグを付けてエージェントを登録するか、ターゲットのタグを変更してください。",
        ),
        &[],
    )
}

/// The host is in another run that is not over.
pub fn agent_busy(agent: &str, run: &str) -> StoredExclusion {
    exclusion(
        ("Agent is already running", "エージェントが実行中"),
        LocalText::new(
            format!("The agent {agent} was in another assessment run ({run}) when this one began."),
            format!("エージェント {agent} は、この評価の開始時に別の評価 ({run}) を実行していました。"),
        ),
        LocalText::new(
            "Start this assessment again when the other run is over.",
            "別の評価が終わってから、この評価をもう一度開始してください。",
        ),
        &[(ExclusionScope::InstanceId, agent)],
    )
}

/// A host that was expected has no agent.
pub fn agent_not_found(agent: &str) -> StoredExclusion {
    exclusion(
        ("Agent not found", "エージェントが見つからない"),
        LocalText::new(
            format!("There is no agent {agent} on this service any more."),
            format!("エージェント {agent} は、このサービスにもうありません。"),
        ),
        LocalText::new(
            "Install the agent on the host and enrol it.",
            "ホストにエージェントを導入し、登録してください。",
        ),
        &[(ExclusionScope::InstanceId, agent)],
    )
}

/// The agent is stopped, silent, revoked, or did not send its data.
pub fn agent_unhealthy(agent: &str, why: &str) -> StoredExclusion {
    exclusion(
        ("Agent is unhealthy", "エージェントが正常でない"),
        LocalText::new(
            format!("The agent {agent} could not take part: {why}."),
            format!("エージェント {agent} は参加できませんでした: {why}"),
        ),
        LocalText::new(
            "On the host, look at `yagura-agent status` and at the service's log (`journalctl -u yagura-agent`).",
            "ホストで `yagura-agent status` とサービスのログ (`journalctl -u yagura-agent`) を確認してください。",
        ),
        &[(ExclusionScope::InstanceId, agent)],
    )
}

/// The operating system is one of which the rules package knows nothing.
pub fn unsupported_os(agent: &str, system: &str, package: &str) -> StoredExclusion {
    exclusion(
        ("Unsupported OS version", "未対応の OS バージョン"),
        LocalText::new(
            format!(
                "{agent} runs {system}, for which this version has no vulnerability data. Its packages were not assessed."
            ),
            format!(
                "{agent} の OS は {system} です。このバージョンには対応する脆弱性情報がないため、パッケージは評価されませんでした。"
            ),
        ),
        LocalText::new(
            "Assess this host with a rules package that supports it; the README lists the supported systems.",
            "このホストに対応するルールパッケージで評価してください。対応システムは README にあります。",
        ),
        &[(ExclusionScope::InstanceId, agent), (ExclusionScope::RulesPackageArn, package)],
    )
}

/// The rules package is not one that this version has.
pub fn rules_package_not_supported(agent: &str, package: &str) -> StoredExclusion {
    exclusion(
        ("Rules package not supported by OS", "OS が対応していないルールパッケージ"),
        LocalText::new(
            format!("The rules package does not apply to the operating system of {agent}."),
            format!("このルールパッケージは {agent} の OS に適用できません。"),
        ),
        LocalText::new(
            "Leave the rules package out for this host, or choose another one.",
            "このホストではルールパッケージを外すか、別のものを選んでください。",
        ),
        &[(ExclusionScope::InstanceId, agent), (ExclusionScope::RulesPackageArn, package)],
    )
}

/// A rules package could not be judged on a host.
pub fn evaluation_error_instance(agent: &str, package: &str, why: &str) -> StoredExclusion {
    exclusion(
        ("Rules evaluation error for single instance", "単一インスタンスのルール評価エラー"),
        LocalText::new(
            format!("The rules package could not be evaluated on {agent}: {why}."),
            format!("{agent} でルールパッケージを評価できませんでした: {why}"),
        ),
        LocalText::new(
            "Put right what the description names and run the assessment again.",
            "説明にある問題を解消し、もう一度評価してください。",
        ),
        &[(ExclusionScope::InstanceId, agent), (ExclusionScope::RulesPackageArn, package)],
    )
}

/// A rules package could be judged in part only on a host.
pub fn partial(agent: &str, package: &str, why: &LocalText) -> StoredExclusion {
    exclusion(
        ("Rules evaluated in part on single instance", "単一インスタンスでの部分的なルール評価"),
        LocalText::new(
            format!("Part of the rules package could not be evaluated on {agent}: {}", why.en),
            format!("{agent} でルールパッケージの一部を評価できませんでした: {}", why.ja),
        ),
        LocalText::new(
            "The description names what was not judged and why; findings may be missing there.",
            "評価できなかったものと理由は説明のとおりです。その部分の検出結果が欠けている可能性があります。",
        ),
        &[(ExclusionScope::InstanceId, agent), (ExclusionScope::RulesPackageArn, package)],
    )
}

/// The server has no data for a rules package.
pub fn missing_feed(package: &str, why: &str) -> StoredExclusion {
    exclusion(
        ("Rules evaluation error", "ルール評価エラー"),
        LocalText::new(
            format!("The rules package could not be evaluated on any host: {why}."),
            format!("どのホストでもルールパッケージを評価できませんでした: {why}"),
        ),
        LocalText::new(
            "Run `yagura feed sync` on the server and start the assessment again.",
            "サーバーで `yagura feed sync` を実行し、もう一度評価を開始してください。",
        ),
        &[(ExclusionScope::RulesPackageArn, package)],
    )
}

/// A feed is old or missing: what it knows was used, what it cannot know is said.
pub fn feed_gap(package: &str, feed: &str, why: &LocalText) -> StoredExclusion {
    exclusion(
        ("Vulnerability data is old or missing", "脆弱性情報が古いか不足している"),
        LocalText::new(format!("Feed {feed}: {}.", why.en), format!("フィード {feed}: {}", why.ja)),
        LocalText::new(
            "Run `yagura feed sync` on the server, or see `yagura feed status` for the reason.",
            "サーバーで `yagura feed sync` を実行するか、`yagura feed status` で理由を確認してください。",
        ),
        &[(ExclusionScope::RulesPackageArn, package)],
    )
}

fn exclusion(
    title: (&str, &str),
    description: LocalText,
    recommendation: LocalText,
    scopes: &[(ExclusionScope, &str)],
) -> StoredExclusion {
    let mut parts: Vec<&str> = vec![title.0, &description.en];
    parts.extend(scopes.iter().map(|(_, value)| *value));
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, parts.join("\0").as_bytes());
    let number = digest.as_ref().first_chunk::<8>().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let attributes = scopes.iter().filter(|(scope, _)| *scope == ExclusionScope::InstanceId);
    StoredExclusion {
        id: Id::from_number(number),
        title: LocalText::new(title.0, title.1),
        recommendation,
        attributes: attributes
            .map(|(_, value)| Attribute { key: "INSTANCE_ID".to_owned(), value: (*value).to_owned() })
            .collect(),
        // The API's model wants at least one scope; a target without hosts has none of its own.
        scopes: if scopes.is_empty() {
            vec![(ExclusionScope::InstanceId, "none".to_owned())]
        } else {
            scopes.iter().map(|(scope, value)| (*scope, (*value).to_owned())).collect()
        },
        description,
    }
}
