// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/lun_report_file.h"

#include <nlohmann/json.hpp>

namespace bench::plan {

namespace {

using Json = nlohmann::ordered_json;

// What an array says of itself may be any bytes: those that are no UTF-8 are replaced.
std::string text_of(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json object_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
    Json out = Json::object();
    for (const auto& [name, value] : pairs) {
        out[name] = value;
    }
    return out;
}

} // namespace

std::string lun_report_json(const drivers::LunReport& report) {
    const drivers::Identity& who = report.identity;
    const drivers::Geometry& size = report.geometry;
    Json out;
    out["$schema"] = "arraybench/lun-report/1";
    out["url"] = report.url;
    out["identity"] = {{"vendor", who.vendor},
                       {"product", who.product},
                       {"revision", who.revision},
                       {"serial", who.serial},
                       {"unique_id", who.unique_id}};
    out["geometry"] = {{"block_bytes", size.block_bytes},
                       {"block_count", size.block_count},
                       {"size_bytes", size.block_count * size.block_bytes},
                       {"transfer_bytes_max", size.transfer_bytes_max}};
    out["thin"] = report.thin;
    out["write_cache"] = report.write_cache;
    out["write_protected"] = report.write_protected;
    out["reserved_by"] = report.reserved_by;
    out["in_use"] = report.in_use;
    if (!report.serial_shared_with.empty()) {
        out["serial_shared_with"] = report.serial_shared_with;
    }
    if (report.serial_compared_with) {
        out["serial_compared_with"] = *report.serial_compared_with;
    }
    out["paths"] = Json::array();
    for (const drivers::PathReport& path : report.paths) {
        Json way = {{"portal", path.portal},
                    {"state", path.state},
                    {"group", path.group},
                    {"preferred", path.preferred}};
        if (!path.problem.empty()) {
            way["problem"] = path.problem;
        }
        out["paths"].push_back(std::move(way));
    }
    out["limits"] = object_of(report.limits);
    out["negotiated"] = object_of(report.negotiated);
    return text_of(out);
}

std::string found_targets_json(const std::vector<FoundTarget>& found) {
    Json out;
    out["$schema"] = "arraybench/targets/1";
    out["targets"] = Json::array();
    for (const FoundTarget& target : found) {
        if (target.problem.empty()) {
            out["targets"].push_back({{"target", target.target}, {"portal", target.portal}});
            if (!target.detail.empty()) {
                out["targets"].back()["detail"] = target.detail;
            }
        } else {
            out["unreachable"].push_back({{"portal", target.portal}, {"problem", target.problem}});
        }
    }
    return text_of(out);
}

std::string found_luns_json(const Url& url, const FoundLuns& found) {
    Json out;
    out["$schema"] = "arraybench/luns/1";
    out["url"] = url.text();
    out["luns"] = Json::array();
    for (const FoundLun& lun : found.luns) {
        const drivers::Identity& who = lun.identity;
        Json one = {{"lun", lun.name},
                    {"url", lun.url},
                    {"type", lun.type},
                    {"identity",
                     {{"vendor", who.vendor},
                      {"product", who.product},
                      {"revision", who.revision},
                      {"serial", who.serial},
                      {"unique_id", who.unique_id}}},
                    {"block_bytes", lun.geometry.block_bytes},
                    {"block_count", lun.geometry.block_count}};
        if (!lun.note.empty()) {
            one["note"] = lun.note;
        }
        out["luns"].push_back(std::move(one));
    }
    if (!found.note.empty()) {
        out["note"] = found.note;
    }
    return text_of(out);
}

} // namespace bench::plan
