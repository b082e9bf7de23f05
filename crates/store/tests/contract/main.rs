//! The contract of the store: each case on SQLite, and on PostgreSQL where there is one.
//!
//! A case is a function over a [`support::Db`], a database that nobody else uses. The list below
//! names every case; one that it forgets is dead code, which the compiler reports.
//!
//! `faults`, `migrations`, `server_faults` and `tls` are about one of the two databases, `complete`
//! is about this suite itself.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod agents;
mod audit;
mod cascade;
mod certificates;
mod complete;
mod concurrency;
mod continuous;
mod events;
mod faults;
mod findings;
mod identity;
mod migrations;
mod retention;
mod run_agents;
mod runs;
mod server_faults;
mod support;
mod targets;
mod telemetry;
mod templates;
mod tls;
mod tokens;
mod values;

macro_rules! cases {
    ($($module:ident { $($case:ident)+ })+) => {
        mod on_sqlite {
            $(mod $module { $(#[test] fn $case() { crate::$module::$case(&crate::support::Db::sqlite()); })+ })+
        }
        mod on_postgres {
            $(mod $module { $(#[test] fn $case() {
                let name = concat!(stringify!($module), "_", stringify!($case));
                if let Some(db) = crate::support::Db::postgres(name) { crate::$module::$case(&db); }
            })+ })+
        }
    };
}

cases! {
    agents {
        an_agent_is_found_by_its_id_and_in_no_other_scope
        agents_are_listed_by_their_tags_page_by_page
        a_tag_matches_whole_and_minds_the_case
        agents_that_a_run_misses
        nonces_health_clones_and_revocation
    }
    audit {
        records_follow_each_other_without_gaps
        two_writers_get_the_head_one_after_the_other
    }
    cascade {
        a_deleted_run_takes_all_that_is_its_own_and_nothing_else
        a_deleted_target_takes_its_templates_and_their_runs
    }
    certificates { certificates_are_counted_until_they_end_or_are_taken_back }
    concurrency {
        nothing_is_lost_among_threads
        nothing_is_lost_between_two_stores
        a_change_that_rests_on_what_was_read_is_not_overwritten
        findings_put_in_twice_at_the_same_time_are_there_once
        a_lock_lets_one_in_at_a_time
    }
    continuous {
        a_fault_has_a_history
        a_judgement_of_some_subjects_leaves_the_others
        snapshots_lead_from_packages_to_hosts
        a_rematch_is_recorded_with_its_changes
    }
    events {
        events_come_in_the_order_in_which_they_became_visible
        usage_counts_an_agent_of_a_run_once_a_month
    }
    findings {
        a_finding_put_in_twice_is_there_once
        patterns_of_attributes_mean_themselves
        attributes_of_users_are_put_and_taken
        as_many_values_of_a_filter_as_the_api_takes
        a_page_does_not_move_when_findings_come
        a_walk_sees_every_finding_in_the_order_of_bytes
    }
    identity {
        access_keys_are_found_and_touched
        users_and_roles
        accounts_and_service_roles
        settings_are_written_over_and_removed
    }
    retention {
        runs_and_chunks_go_when_they_are_over_and_old
        snapshots_go_that_nobody_refers_to
        texts_go_when_no_finding_has_them
        faults_that_are_gone_and_previews_go_by_their_age
        audit_records_move_to_files_once
        reports_go_by_their_age_and_leave_their_blobs_to_be_deleted
    }
    run_agents {
        an_agent_joins_once_and_comes_as_far_as_it_says
        a_chunk_is_taken_once_and_in_order
        gaps_are_summed_up
        hosts_that_are_busy_and_those_with_something_to_do
    }
    runs {
        a_run_is_found_in_its_scope_and_under_its_parents_only
        a_stale_run_is_not_written
        one_server_at_a_time_has_the_lease
        runs_are_narrowed_by_each_part_of_a_filter
        names_of_runs_are_matched_by_case_and_to_the_letter
        pages_of_runs_do_not_move
        notifications_keep_their_order
    }
    targets {
        names_and_ids_are_unique_in_their_scope
        lists_of_targets_go_on_where_they_stopped
        resource_groups_choose_hosts_and_decide_rights
    }
    telemetry {
        a_chunk_is_kept_once
        snapshots_are_kept_once_by_content
        a_hostile_name_of_a_package_stops_nothing
    }
    templates {
        templates_are_unique_by_name_in_their_target
        lists_of_templates_are_narrowed
        subscriptions_are_counted_listed_and_ended
        previews_belong_to_their_template
    }
    tokens {
        a_token_lets_in_as_many_as_it_says
        the_last_use_goes_to_one_of_many
    }
    values {
        japanese_long_and_odd_texts_come_back_as_they_were
        a_nul_is_refused_and_spoils_nothing
        numbers_and_times_come_back_to_the_last_digit
        an_error_undoes_everything
        a_failed_statement_cannot_be_passed_over
        a_reader_cannot_write_and_sees_one_state
        lists_are_in_the_order_of_bytes
        a_panic_in_a_transaction_costs_no_connection
    }
}
