// SPDX-License-Identifier: Apache-2.0
#include "results/sinks.h"
#include "results/text/escape.h"
#include "results/view.h"

#include <fmt/format.h>
#include <set>

namespace results {

namespace {

using text::escape_label;

std::string family(const char* name, const char* unit, const char* help) {
    std::string out = fmt::format("# TYPE {} gauge\n", name);
    if (*unit != '\0') {
        out += fmt::format("# UNIT {} {}\n", name, unit);
    }
    return out + fmt::format("# HELP {} {}\n", name, help);
}

std::string where(const RunRecord& run, const std::string& array, const view::Load& load) {
    return fmt::format(
        R"(run="{}",array="{}",emulated="{}",workload="{}",point="{}",point_value="{}")",
        escape_label(run.id),
        escape_label(array),
        view::is_emulated(run, array),
        escape_label(load.workload),
        escape_label(load.point),
        load.value);
}

// Calls write(labels, valid rounds, load) for each array at each load with valid rounds.
template <typename Write>
void each_point(const RunRecord& run, Write write) {
    for (const view::Load& load : view::loads(run)) {
        for (const std::string& array : view::array_names(run)) {
            const view::Rounds rounds = view::valid_only(view::rounds_at(run, array, load));
            if (!rounds.empty()) {
                write(where(run, array, load), rounds, load);
            }
        }
    }
}

std::string rates(const RunRecord& run) {
    std::string out = family("arraybench_achieved_accesses_per_second",
                             "",
                             "Completed accesses per second, mean over valid rounds.");
    each_point(run, [&](const std::string& labels, const view::Rounds& rounds, const auto&) {
        out += fmt::format("arraybench_achieved_accesses_per_second{{{}}} {}\n",
                           labels,
                           view::mean_achieved_per_s(rounds));
    });
    return out;
}

std::string responses(const RunRecord& run) {
    std::string out =
        family("arraybench_response_seconds",
               "seconds",
               "Due to done, valid rounds merged; a quantile with fewer than 10 samples above it "
               "is absent.");
    each_point(run, [&](const std::string& labels, const view::Rounds& rounds, const auto& load) {
        for (const std::string& stream : view::stream_names(run, load)) {
            const Histogram merged = view::merged(rounds, stream, &StreamRecord::response_ns);
            for (const view::Rung& rung : view::percentile_ladder) {
                const auto value = view::measured(merged, rung.share);
                if (value) {
                    out += fmt::format(
                        "arraybench_response_seconds{{{},stream=\"{}\",quantile=\"{}\"}} {}\n",
                        labels,
                        escape_label(stream),
                        rung.share,
                        static_cast<double>(*value) / 1e9);
                }
            }
        }
    });
    return out;
}

std::string verdicts(const RunRecord& run) {
    std::string out = family(
        "arraybench_limit_outcome", "", "1 for the outcome that a limit of the plan had, else 0.");
    std::size_t index = 0;
    for (const VerdictRecord& verdict : run.verdicts) {
        const std::string labels = fmt::format(
            R"(run="{}",index="{}",array="{}",emulated="{}",workload="{}",point="{}",limit="{}")",
            escape_label(run.id),
            index++, // Two limits may read alike.
            escape_label(verdict.array),
            view::is_emulated(run, verdict.array),
            escape_label(verdict.workload),
            escape_label(verdict.point),
            escape_label(verdict.limit));
        for (const Outcome outcome :
             {Outcome::pass, Outcome::fail, Outcome::inconclusive, Outcome::not_measured}) {
            out += fmt::format("arraybench_limit_outcome{{{},outcome=\"{}\"}} {}\n",
                               labels,
                               view::name_of(outcome),
                               outcome == verdict.outcome ? 1 : 0);
        }
    }
    return out;
}

std::string comparisons(const RunRecord& run) {
    std::string out =
        family("arraybench_ratio", "", "Candidate over baseline, with the ends of its interval.");
    std::size_t index = 0;
    for (const ComparisonRecord& one : run.comparisons) {
        const std::string labels = fmt::format(
            R"(run="{}",index="{}",metric="{}",workload="{}",point="{}",stream="{}",baseline="{}",candidate="{}",word="{}",primary="{}")",
            escape_label(run.id),
            index++,
            escape_label(one.metric),
            escape_label(one.workload),
            escape_label(one.point),
            escape_label(one.stream),
            escape_label(one.baseline),
            escape_label(one.candidate),
            view::name_of(one.word),
            one.primary);
        if (one.pairs == 0) {
            continue; // Not measured.
        }
        out += fmt::format("arraybench_ratio{{{},edge=\"estimate\"}} {}\n", labels, one.ratio);
        out += fmt::format("arraybench_ratio{{{},edge=\"low\"}} {}\n", labels, one.low);
        out += fmt::format("arraybench_ratio{{{},edge=\"high\"}} {}\n", labels, one.high);
    }
    return out;
}

std::string findings(const RunRecord& run) {
    std::string out = family("arraybench_findings", "", "Findings by area, notes excluded.");
    for (const char* area : {"integrity", "egress"}) {
        for (const std::string& array : view::array_names(run)) {
            out += fmt::format("arraybench_findings{{run=\"{}\",array=\"{}\",area=\"{}\"}} {}\n",
                               escape_label(run.id),
                               escape_label(array),
                               area,
                               view::count_findings(view::findings(run, area), array));
        }
    }
    return out;
}

std::string capacity(const RunRecord& run) {
    if (run.capacity.empty()) {
        return "";
    }
    std::string out = family("arraybench_targets_sustained",
                             "",
                             "Largest number of targets sustained without loss and within limits.");
    std::set<std::string> told; // A sample appears once (OpenMetrics 1.0, metric set).
    for (const CapacityRecord& one : run.capacity) {
        const std::string labels =
            fmt::format("run=\"{}\",array=\"{}\",emulated=\"{}\",variant=\"{}\",indicative=\"{}\"",
                        escape_label(run.id),
                        escape_label(one.array),
                        view::is_emulated(run, one.array),
                        escape_label(one.variant),
                        one.indicative);
        if (one.measured && told.insert(labels).second) {
            out += fmt::format("arraybench_targets_sustained{{{}}} {}\n", labels, one.targets);
        }
    }
    return out;
}

} // namespace

std::string openmetrics(const RunRecord& run) {
    return rates(run) + responses(run) + verdicts(run) + comparisons(run) + findings(run) +
           capacity(run) + "# EOF\n";
}

} // namespace results
