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
    out["paths"] = Json::array();
    for (const drivers::PathReport& path : report.paths) {
        out["paths"].push_back({{"portal", path.portal},
                                {"state", path.state},
                                {"group", path.group},
                                {"preferred", path.preferred}});
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
        out["targets"].push_back({{"target", target.target}, {"portal", target.portal}});
        if (!target.detail.empty()) {
            out["targets"].back()["detail"] = target.detail;
        }
    }
    return text_of(out);
}

} // namespace bench::plan
