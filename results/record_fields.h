// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "results/round_fields.h"

// The names of a run's members, as those of its rounds.
namespace results {

template <typename Visit>
void visit_fields(Visit& visit, PortRecord& r) {
    visit("name", r.name);
    visit("kind", r.kind);
    visit("watched_by", r.watched_by);
}

template <typename Visit>
void visit_fields(Visit& visit, ArrayRecord& r) {
    visit("name", r.name);
    visit("emulated", r.emulated);
    visit("file", r.file);
    visit("url", r.url);
    visit("transport", r.transport);
    visit("vendor", r.vendor);
    visit("product", r.product);
    visit("revision", r.revision);
    visit("serial", r.serial);
    visit("unique_id", r.unique_id);
    visit("capacity_bytes", r.capacity_bytes);
    visit("block_bytes", r.block_bytes);
    visit("ports", r.ports);
    visit("settings", r.settings);
    visit("price", r.price);
    visit("currency", r.currency);
}

template <typename Visit>
void visit_fields(Visit& visit, VerdictRecord& r) {
    visit("limit", r.limit);
    visit("array", r.array);
    visit("workload", r.workload);
    visit("point", r.point);
    visit("outcome", r.outcome);
    visit("value", r.value);
    visit("bound", r.bound);
    visit("unit", r.unit);
    visit("low", r.low);
    visit("high", r.high);
    visit("confidence", r.confidence);
    visit("reason", r.reason);
    visit("demanded", r.demanded);
}

template <typename Visit>
void visit_fields(Visit& visit, ComparisonRecord& r) {
    visit("metric", r.metric);
    visit("workload", r.workload);
    visit("point", r.point);
    visit("stream", r.stream);
    visit("baseline", r.baseline);
    visit("candidate", r.candidate);
    visit("ratio", r.ratio);
    visit("low", r.low);
    visit("high", r.high);
    visit("confidence", r.confidence);
    visit("margin", r.margin);
    visit("pairs", r.pairs);
    visit("p_value", r.p_value);
    visit("p_value_holm", r.p_value_holm);
    visit("higher_is_better", r.higher_is_better);
    visit("primary", r.primary);
    visit("word", r.word);
    visit("noise_floor", r.noise_floor);
}

template <typename Visit>
void visit_fields(Visit& visit, CapacityStreamRecord& r) {
    visit("name", r.name);
    visit("operation", r.operation);
    visit("count", r.count);
    visit("response_ns_p50", r.response_ns_p50);
    visit("response_ns_p99", r.response_ns_p99);
    visit("response_ns_p99_9", r.response_ns_p99_9);
    visit("response_ns_max", r.response_ns_max);
}

template <typename Visit>
void visit_fields(Visit& visit, CapacityPointRecord& r) {
    visit("targets", r.targets);
    visit("sustained", r.sustained);
    visit("failed", r.failed);
    visit("unclear", r.unclear);
    visit("kept", r.kept);
    visit("reason", r.reason);
    visit("measures", r.measures);
    visit("streams", r.streams);
}

template <typename Visit>
void visit_fields(Visit& visit, CapacityRecord& r) {
    visit("array", r.array);
    visit("variant", r.variant);
    visit("workload", r.workload);
    visit("is_base", r.is_base);
    visit("mode", r.mode);
    visit("resolution", r.resolution);
    visit("indicative", r.indicative);
    visit("offered_from", r.offered_from);
    visit("offered_to", r.offered_to);
    visit("measured", r.measured);
    visit("targets", r.targets);
    visit("low", r.low);
    visit("high", r.high);
    visit("interval_low", r.interval_low);
    visit("interval_high", r.interval_high);
    visit("confidence", r.confidence);
    visit("ended_by", r.ended_by);
    visit("limited_by", r.limited_by);
    visit("reason", r.reason);
    visit("price_per_target", r.price_per_target);
    visit("currency", r.currency);
    visit("cost_targets", r.cost_targets);
    visit("cost_low", r.cost_low);
    visit("cost_high", r.cost_high);
    visit("cost_at_least", r.cost_at_least);
    visit("cost_at_most", r.cost_at_most);
    visit("points", r.points);
}

template <typename Visit>
void visit_fields(Visit& visit, PlatformRecord& r) {
    visit("workload", r.workload);
    visit("targets", r.targets);
    visit("purpose", r.purpose);
    visit("start_hour", r.start_hour);
    visit("busy_bytes_per_s", r.busy_bytes_per_s);
    visit("mean_bytes_per_s", r.mean_bytes_per_s);
    visit("voice_bytes_per_s", r.voice_bytes_per_s);
    visit("data_bytes_per_s", r.data_bytes_per_s);
    visit("assumptions", r.assumptions);
}

// All but the rounds, which stand in files of their own.
template <typename Visit>
void visit_fields(Visit& visit, CrossCheckStream& r) {
    visit("operation", r.operation);
    visit("tool_per_s", r.tool_per_s);
    visit("bench_per_s", r.bench_per_s);
    visit("tool_clipped", r.tool_clipped);
    visit("tool_service_ns", r.tool_service_ns);
    visit("bench_service_ns", r.bench_service_ns);
}

template <typename Visit>
void visit_fields(Visit& visit, CrossCheckRecord& r) {
    visit("array", r.array);
    visit("workload", r.workload);
    visit("point", r.point);
    visit("tool", r.tool);
    visit("duration_ns", r.duration_ns);
    visit("streams", r.streams);
    visit("reasons", r.reasons);
    visit("not_measured", r.not_measured);
}

template <typename Visit>
void visit_fields(Visit& visit, RunRecord& r) {
    visit("schema_version", r.schema_version);
    visit("id", r.id);
    visit("plan_name", r.plan_name);
    visit("plan_purpose", r.plan_purpose);
    visit("plan_sha256", r.plan_sha256);
    visit("seed", AsText{r.seed});
    visit("started_utc_ns", AsText{r.started_utc_ns});
    visit("finished_utc_ns", AsText{r.finished_utc_ns});
    visit("complete", r.complete);
    visit("interrupted", r.interrupted);
    visit("exit_code", r.exit_code);
    visit("command", r.command);
    visit("host", r.host);
    visit("arrays", r.arrays);
    visit("headlines", r.headlines);
    visit("verdicts", r.verdicts);
    visit("comparisons", r.comparisons);
    visit("findings", r.findings);
    visit("integrity", r.integrity);
    visit("egress", r.egress);
    visit("capacity", r.capacity);
    visit("platforms", r.platforms);
    visit("cross_checks", r.cross_checks);
    visit("not_seen", r.not_seen);
    visit("self_test", r.self_test);
}

} // namespace results
