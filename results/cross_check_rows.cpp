// SPDX-License-Identifier: Apache-2.0
#include "results/cross_check_rows.h"

#include "results/text/human.h"
#include "results/view.h"

#include <optional>

namespace results::view {

namespace {

CrossCheckRow rate_row(const CrossCheckStream& stream) {
    CrossCheckRow out;
    out.what = stream.operation + " rate";
    out.bench =
        stream.bench_service_ns.count() > 0 ? text::per_second(stream.bench_per_s) : "not measured";
    out.tool = text::per_second(stream.tool_per_s);
    if (stream.bench_per_s > 0) {
        out.difference = text::change(stream.tool_per_s / stream.bench_per_s);
    }
    return out;
}

CrossCheckRow count_row(const CrossCheckStream& stream) {
    CrossCheckRow out;
    out.what = stream.operation + " samples";
    out.bench = text::grouped(stream.bench_service_ns.count());
    out.tool = text::grouped(stream.tool_service_ns.count());
    return out;
}

CrossCheckRow latency_row(const CrossCheckStream& stream, const Rung& rung) {
    const auto bench = measured(stream.bench_service_ns, rung.share);
    const auto tool = measured(stream.tool_service_ns, rung.share);
    const auto shown = [](const std::optional<std::uint64_t>& value) {
        return value ? text::duration(static_cast<double>(*value)) : std::string("not measured");
    };
    CrossCheckRow out{stream.operation + " " + rung.name, shown(bench), shown(tool), ""};
    const bool is_clipped = static_cast<double>(stream.tool_clipped) >
                            static_cast<double>(stream.tool_service_ns.count()) * (1 - rung.share);
    if (is_clipped) { // The tool counts no further.
        out.tool = "at least " + out.tool;
    } else if (bench && tool && *bench > 0) {
        out.difference = text::change(static_cast<double>(*tool) / static_cast<double>(*bench));
    }
    return out;
}

} // namespace

std::vector<CrossCheckRow> cross_check_rows(const CrossCheckRecord& check) {
    std::vector<CrossCheckRow> out;
    for (const CrossCheckStream& stream : check.streams) {
        out.push_back(rate_row(stream));
        out.push_back(count_row(stream));
        for (const std::size_t rung : {0U, 2U, 3U, 4U}) {
            out.push_back(latency_row(stream, percentile_ladder[rung]));
        }
    }
    return out;
}

} // namespace results::view
