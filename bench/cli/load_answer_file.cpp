// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/load_answer.h"
#include "results/numbers/summary.h"

#include <nlohmann/json.hpp>

namespace bench::cli {

namespace {

using Json = nlohmann::ordered_json;

Json latency_json(const results::Histogram& histogram, const std::vector<double>& quantiles) {
    Json out = Json::object();
    out["count"] = histogram.count();
    if (histogram.count() == 0) {
        return out;
    }
    out["overflow"] = histogram.overflow();
    out["min"] = histogram.min_ns();
    out["mean"] = histogram.mean_ns();
    for (const double quantile : quantiles) {
        const auto percentile = results::percentile_of(histogram, quantile);
        Json one = Json::object();
        if (percentile.measured) {
            one["value"] = percentile.value_ns;
        } else {
            one["not_measured"] = "fewer than 10 samples above";
        }
        one["samples_above"] = percentile.samples_above;
        out[results::quantile_name(quantile)] = std::move(one);
    }
    out["max"] = histogram.max_ns();
    return out;
}

Json stream_json(const results::StreamRecord& stream,
                 double seconds,
                 const std::vector<double>& quantiles) {
    Json out = Json::object();
    out["name"] = stream.name;
    out["operation"] = stream.operation;
    out["completed"] = stream.completed;
    out["bytes"] = stream.bytes;
    out["completed_per_s"] = seconds > 0 ? static_cast<double>(stream.completed) / seconds : 0;
    out["bytes_per_s"] = seconds > 0 ? static_cast<double>(stream.bytes) / seconds : 0;
    out["failed"] = stream.failed;
    out["timed_out"] = stream.timed_out;
    out["lost"] = stream.lost;
    out["unfinished"] = stream.unfinished;
    out["errors"] = Json(stream.errors);
    out["response_ns"] = latency_json(stream.response_ns, quantiles);
    out["wait_ns"] = latency_json(stream.wait_ns, quantiles);
    out["service_ns"] = latency_json(stream.service_ns, quantiles);
    if (stream.unanswered_ns) {
        out["unanswered_ns"] = latency_json(*stream.unanswered_ns, quantiles);
    }
    return out;
}

Json audit_json(const results::AuditRecord& audit, const std::vector<double>& quantiles) {
    Json out = Json::object();
    out["offered_per_s"] = audit.offered_per_s;
    out["achieved_per_s"] = audit.achieved_per_s;
    out["scheduled"] = audit.scheduled;
    out["submitted"] = audit.submitted;
    out["completed"] = audit.completed;
    out["slip_ns"] = latency_json(audit.slip_ns, quantiles);
    out["lane_cpu_fraction"] = audit.lane_cpu_fraction;
    out["host_cpu_fraction"] = audit.host_cpu_fraction;
    out["cpu_s_per_million"] = audit.cpu_s_per_million;
    out["invalid"] = audit.invalid;
    return out;
}

Json interval_json(const results::IntervalRecord& interval) {
    Json out = Json::object();
    out["from_ns"] = interval.from_ns;
    out["length_ns"] = interval.length_ns;
    out["ramp"] = interval.ramp;
    out["phase"] = interval.phase;
    out["due"] = interval.due;
    out["submitted"] = interval.submitted;
    out["completed"] = interval.completed;
    out["errors"] = interval.errors;
    out["bytes_read"] = interval.bytes_read;
    out["bytes_written"] = interval.bytes_written;
    out["response_ns_p50"] = interval.response_ns_p50;
    out["response_ns_p99"] = interval.response_ns_p99;
    out["response_ns_max"] = interval.response_ns_max;
    out["outstanding_max"] = interval.outstanding_max;
    out["invalid"] = interval.invalid;
    return out;
}

Json finding_json(const results::FindingRecord& finding) {
    Json out = Json::object();
    out["kind"] = finding.kind;
    out["severity"] = finding.severity;
    out["summary"] = finding.summary;
    out["details"] = Json(finding.details);
    return out;
}

} // namespace

std::string load_json(const LoadAnswer& answer) {
    const results::RoundRecord& round = answer.round;
    const double seconds = static_cast<double>(round.duration_ns) * 1e-9;
    Json out = Json::object();
    out["$schema"] = "arraybench/load/1";
    out["url"] = answer.request.url;
    out["load"] = answer.request.summary;
    out["seed"] = std::to_string(answer.request.seed);
    out["vendor"] = answer.identity.vendor;
    out["product"] = answer.identity.product;
    out["serial"] = answer.identity.serial;
    out["unique_id"] = answer.identity.unique_id;
    out["block_bytes"] = answer.geometry.block_bytes;
    out["capacity_bytes"] = answer.geometry.block_count * answer.geometry.block_bytes;
    out["started_utc_ns"] = round.started_utc_ns;
    out["ramp_ns"] = round.ramp_ns;
    out["duration_ns"] = round.duration_ns;
    out["ended"] = round.ended;
    if (!answer.missing_paths.empty()) {
        out["missing_paths"] = answer.missing_paths;
    }
    out["streams"] = Json::array();
    for (const auto& stream : round.streams) {
        out["streams"].push_back(stream_json(stream, seconds, answer.request.quantiles));
    }
    out["audit"] = audit_json(round.audit, answer.request.quantiles);
    out["intervals"] = Json::array();
    for (const auto& interval : round.intervals) {
        out["intervals"].push_back(interval_json(interval));
    }
    out["measures"] = Json(round.measures);
    out["findings"] = Json::array();
    for (const auto& finding : round.findings) {
        out["findings"].push_back(finding_json(finding));
    }
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace bench::cli
