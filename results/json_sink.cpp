// SPDX-License-Identifier: Apache-2.0
#include "results/answer.h"
#include "results/sinks.h"
#include "results/text/escape.h"
#include "results/view.h"

#include <nlohmann/json.hpp>

#include <fmt/format.h>

namespace results {

namespace {

using Json = nlohmann::ordered_json;
using text::clean_text;

template <typename Value>
Json or_null(const std::optional<Value>& value) {
    return value ? Json(*value) : Json(nullptr);
}

Json arrays_json(const RunRecord& run) {
    Json out = Json::array();
    for (const ArrayRecord& array : run.arrays) {
        out.push_back({{"name", clean_text(array.name)},
                       {"emulated", array.emulated},
                       {"transport", clean_text(array.transport)},
                       {"vendor", clean_text(array.vendor)},
                       {"product", clean_text(array.product)},
                       {"revision", clean_text(array.revision)},
                       {"unique_id", clean_text(array.unique_id)},
                       {"capacity_bytes", array.capacity_bytes}});
    }
    return out;
}

Json verdicts_json(const RunRecord& run) {
    Json out = Json::array();
    for (const VerdictRecord& one : run.verdicts) {
        const bool known = one.outcome != Outcome::not_measured;
        out.push_back({{"limit", clean_text(one.limit)},
                       {"array", clean_text(one.array)},
                       {"workload", clean_text(one.workload)},
                       {"point", clean_text(one.point)},
                       {"outcome", view::name_of(one.outcome)},
                       {"value", known ? Json(one.value) : Json(nullptr)},
                       {"bound", one.bound},
                       {"unit", clean_text(one.unit)},
                       {"low", or_null(one.low)},
                       {"high", or_null(one.high)},
                       {"confidence", one.confidence},
                       {"demanded", one.demanded},
                       {"reason", clean_text(one.reason)}});
    }
    return out;
}

Json comparisons_json(const RunRecord& run) {
    Json out = Json::array();
    for (const ComparisonRecord& one : run.comparisons) {
        out.push_back({{"metric", clean_text(one.metric)},
                       {"workload", clean_text(one.workload)},
                       {"point", clean_text(one.point)},
                       {"stream", clean_text(one.stream)},
                       {"baseline", clean_text(one.baseline)},
                       {"candidate", clean_text(one.candidate)},
                       {"ratio", one.pairs > 0 ? Json(one.ratio) : Json(nullptr)},
                       {"low", one.pairs > 0 ? Json(one.low) : Json(nullptr)},
                       {"high", one.pairs > 0 ? Json(one.high) : Json(nullptr)},
                       {"confidence", one.confidence},
                       {"margin", one.margin},
                       {"pairs", one.pairs},
                       {"p_value_holm", one.p_value_holm},
                       {"primary", one.primary},
                       {"word", view::name_of(one.word)}});
    }
    return out;
}

Json percentiles_json(const Histogram& histogram) {
    Json out = Json::object();
    for (const view::Rung& rung : view::percentile_ladder) {
        out[rung.name] = or_null(view::measured(histogram, rung.share)); // null: not measured.
    }
    out["max"] = histogram.count() > 0 ? Json(histogram.max_ns()) : Json(nullptr);
    out["samples"] = histogram.count();
    return out;
}

Json points_json(const RunRecord& run) {
    Json out = Json::array();
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            const auto rounds = view::rounds_at(run, array, load);
            const auto valid = view::valid_only(rounds);
            Json streams = Json::object();
            for (const std::string& name : view::stream_names(run, load)) {
                streams[clean_text(name)] =
                    percentiles_json(view::merged(valid, name, &StreamRecord::response_ns));
            }
            out.push_back({{"array", clean_text(array)},
                           {"workload", clean_text(load.workload)},
                           {"point", clean_text(load.point)},
                           {"rounds", rounds.size()},
                           {"rounds_valid", valid.size()},
                           {"offered_per_s", rounds.empty() ? 0 : rounds[0]->audit.offered_per_s},
                           {"achieved_per_s",
                            valid.empty() ? Json(nullptr) : Json(view::mean_achieved_per_s(valid))},
                           {"response_ns", streams}});
        }
    }
    return out;
}

Json findings_json(const RunRecord& run) {
    Json out = Json::array();
    for (const char* area : {"integrity", "egress"}) {
        for (const FindingRecord& one : view::findings(run, area)) {
            out.push_back({{"area", area},
                           {"kind", clean_text(one.kind)},
                           {"severity", clean_text(one.severity)},
                           {"array", clean_text(one.array)},
                           {"phase", clean_text(one.phase)},
                           {"summary", clean_text(one.summary)}});
        }
    }
    return out;
}

Json cleaned(const std::vector<std::string>& sentences) {
    Json out = Json::array();
    for (const std::string& sentence : sentences) {
        out.push_back(clean_text(sentence));
    }
    return out;
}

} // namespace

std::string json_summary(const RunRecord& run) {
    const Answer told = answer(run);
    const Json out = {{"$schema", "arraybench/summary/1"},
                      {"id", clean_text(run.id)},
                      {"plan", clean_text(run.plan_name)},
                      {"plan_sha256", clean_text(run.plan_sha256)},
                      {"seed", fmt::format("{}", run.seed)}, // 64 bits: a string.
                      {"started_utc_ns", fmt::format("{}", run.started_utc_ns)},
                      {"finished_utc_ns", fmt::format("{}", run.finished_utc_ns)},
                      {"complete", run.complete},
                      {"emulated", view::any_emulated(run)},
                      {"exit_code", run.exit_code},
                      {"outcome", view::name_of(told.outcome)},
                      {"answer", clean_text(told.sentence)},
                      {"remarks", cleaned(told.remarks)},
                      {"not_measured", cleaned(told.not_measured)},
                      {"not_seen", cleaned(run.not_seen)},
                      {"arrays", arrays_json(run)},
                      {"verdicts", verdicts_json(run)},
                      {"comparisons", comparisons_json(run)},
                      {"points", points_json(run)},
                      {"findings", findings_json(run)}};
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace results
