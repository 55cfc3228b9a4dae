// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/outline.h"

#include "bench/campaign/campaign.h"
#include "bench/campaign/capacity_question.h"
#include "bench/campaign/round_runner.h"
#include "bench/load/content_measure.h"
#include "bench/measure/steady_state.h"
#include "profiles/interception/rates.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <set>

namespace bench::campaign {

namespace {

double seconds_of(drivers::Duration value) {
    return std::chrono::duration<double>(value).count();
}

double mean_block_bytes(const profiles::WorkloadStream& stream) {
    double bytes = 0;
    double shares = 0;
    for (const profiles::BlockShare& block : stream.blocks) {
        bytes += static_cast<double>(block.size_bytes) * block.share;
        shares += block.share;
    }
    return shares > 0 ? bytes / shares : 0;
}

// Bytes a workload moves at a rate in a time.
void add_load(const profiles::Workload& workload,
              double rate_per_s,
              double seconds,
              Outline::Target& target) {
    double shares = 0;
    for (const profiles::WorkloadStream& stream : workload.streams) {
        shares += stream.share;
    }
    for (const profiles::WorkloadStream& stream : workload.streams) {
        const double bytes =
            rate_per_s * seconds * stream.share / shares * mean_block_bytes(stream);
        if (stream.op == profiles::AccessOp::read) {
            target.bytes_read += bytes;
        } else if (stream.op == profiles::AccessOp::write) {
            target.bytes_written += bytes;
        }
    }
}

profiles::interception::PlatformTable table_of(const profiles::AnyWorkload& workload) {
    if (const auto* video = std::get_if<profiles::interception::VideoWorkload>(&workload)) {
        return profiles::interception::video_table(video->parameters);
    }
    const auto& platform = std::get<profiles::interception::PlatformWorkload>(workload);
    return profiles::interception::platform_table(platform.parameters);
}

void add_platform(const profiles::AnyWorkload& workload, double seconds, Outline::Target& target) {
    const auto table = table_of(workload);
    target.bytes_read += table.read_bytes_per_s * seconds;
    target.bytes_written += table.write_bytes_per_s * seconds;
}

void add_trace(const profiles::AnyWorkload& workload,
               double round_s,
               std::uint32_t rounds,
               Outline::Target& target) {
    const auto& trace = std::get<profiles::trace::TraceWorkload>(workload);
    const double length_s =
        std::chrono::duration<double>(profiles::trace::length_of(trace)).count();
    const double passes = length_s > 0 ? round_s / length_s : 1;
    const double played = (trace.repeat ? passes : std::min(passes, 1.0)) * rounds;
    target.bytes_read += static_cast<double>(trace.outline.bytes_read) * played;
    target.bytes_written += static_cast<double>(trace.outline.bytes_written) * played;
}

void add_preconditioning(const plan::Plan& plan, Outline::Target& target) {
    std::uint64_t size_bytes = plan.working_set_bytes;
    for (const profiles::AnyWorkload& one : plan::all_workloads(plan)) {
        size_bytes = std::max(size_bytes, profiles::working_set_bytes(one));
    }
    if (size_bytes == 0) {
        target.is_bounded = false; // The whole LUN, as far as the time limit lets it.
    }
    target.bytes_written +=
        static_cast<double>(size_bytes) * static_cast<double>(plan.preconditioning->passes);
}

Outline::Target target_of(const plan::Plan& plan, const plan::PlanArray& array) {
    Outline::Target out;
    const profiles::ArrayDescription& described = array.description;
    out.array = array.name;
    out.transport = array.transport;
    out.emulated = described.emulated.has_value();
    if (plan::writes(plan)) {
        out.identity = array.identity;
        if (described.emulated) {
            out.identity = described.emulated->volumes[array.lun].unique_id;
        } else if (out.identity.empty()) {
            out.identity = described.real->unique_id;
        }
    }
    for (const profiles::PortDescription& port : described.ports) {
        if (port.watched_by.empty()) {
            out.not_watched.push_back(port.name);
        }
    }
    const double seconds = seconds_of(plan.ramp + plan.duration) * plan.rounds;
    for (const plan::PlanWorkload& workload : plan.workloads) {
        for (const plan::LoadPoint& point : plan.points) {
            out.rounds += plan.rounds;
            out.is_bounded = out.is_bounded && point.kind != plan::PointKind::depth &&
                             point.kind != plan::PointKind::knee_share;
            if (point.kind == plan::PointKind::rate) {
                add_load(
                    std::get<profiles::Workload>(workload.workload), point.value, seconds, out);
            } else if (point.kind == plan::PointKind::targets ||
                       point.kind == plan::PointKind::cameras) {
                add_platform(at_point(workload.workload, point, 0), seconds, out);
            } else if (point.kind == plan::PointKind::speed) {
                add_trace(
                    at_point(workload.workload, point, 0), seconds / plan.rounds, plan.rounds, out);
            }
        }
    }
    if (plan.preconditioning) {
        add_preconditioning(plan, out);
    }
    out.is_bounded = out.is_bounded && !plan.capacity; // How far it gets, nobody knows yet.
    return out;
}

std::string bytes_text(double bytes) {
    constexpr double mib = 1048576;
    constexpr double gib = 1024 * mib;
    return bytes >= gib ? fmt::format("{:.1f} GiB", bytes / gib)
                        : fmt::format("{:.1f} MiB", bytes / mib);
}

std::string target_text(const Outline::Target& target) {
    std::string out =
        fmt::format("  {} over {}{}{}\n",
                    target.array,
                    target.transport == "nvme_tcp" ? "NVMe/TCP"
                    : target.transport == "iscsi"  ? "iSCSI"
                                                   : "block device",
                    target.emulated ? ", emulated, started by the run" : "",
                    target.rounds > 0 ? fmt::format(": {} rounds", target.rounds) : "");
    const char* least = target.is_bounded ? "about" : "at least";
    if (target.identity.empty()) {
        out += "    writes nothing that the plan allows\n";
    } else {
        out += fmt::format("    writes {} {} to {}{}\n",
                           least,
                           bytes_text(target.bytes_written),
                           target.identity,
                           target.emulated ? "" : ", if --destroy names it");
    }
    if (target.is_bounded || target.bytes_read > 0) {
        out += fmt::format("    reads {} {}\n", least, bytes_text(target.bytes_read));
    } else {
        out += "    reads as much as its loads turn out to ask\n";
    }
    if (!target.not_watched.empty()) {
        out += "    not watched:";
        for (const std::string& port : target.not_watched) {
            out += " " + port;
        }
        out += "\n";
    }
    return out;
}

std::string rounds_text(const plan::Plan& plan, const Outline& outline) {
    std::string out = "load\n";
    if (plan.type != plan::PlanType::capacity) {
        out += fmt::format("  {} rounds, interleaved in {} order, {:.1f} s each and {:.1f} s of "
                           "ramp: {:.0f} s in all",
                           outline.rounds,
                           plan.order == plan::Order::random ? "seeded random" : "seeded ABBA",
                           seconds_of(plan.duration),
                           seconds_of(plan.ramp),
                           std::ceil(seconds_of(outline.duration)));
        if (plan.spare_rounds > 0) {
            out += fmt::format(", at most {:.0f} s more for rounds that do not count",
                               std::ceil(seconds_of(outline.spare_duration)));
        }
    } else {
        out += "  the search for capacity";
    }
    if (plan.preconditioning) {
        out += fmt::format(", and up to {:.0f} s of preconditioning for each array",
                           seconds_of(plan.preconditioning->time_limit));
        if (plan.preconditioning->steady_round.count() > 0) {
            out += fmt::format(", then rounds of {:.0f} s until steady, at most {}",
                               seconds_of(plan.preconditioning->steady_round),
                               measure::SteadyRule{}.rounds_max);
        }
    }
    out += "\n";
    for (const plan::PlanWorkload& workload : plan.workloads) {
        out += fmt::format("  {} at", workload.name);
        for (const plan::LoadPoint& point : plan.points) {
            out += fmt::format("{} {}", &point == plan.points.data() ? "" : ",", point.text);
        }
        out += "\n";
        if (profiles::writes(workload.workload)) {
            out += fmt::format(
                "    of what it writes {}\n",
                load::describe_content(profiles::reduction_of(workload.workload), true));
        }
    }
    if (!plan.limits.empty()) {
        out += "limits\n";
    }
    for (const plan::PlanLimit& limit : plan.limits) {
        out += fmt::format("  {}{}\n",
                           plan::limit_text(limit),
                           limit.demanded ? "" : " (an answer is not demanded)");
    }
    return out;
}

// "about 25 s", "about 12 min", "about 31 h"
std::string spoken(drivers::Duration length) {
    constexpr double s_per_min = 60;
    constexpr double min_per_h = 60;
    const double minutes = seconds_of(length) / s_per_min;
    return minutes < 3               ? fmt::format("about {:.0f} s", std::ceil(minutes * s_per_min))
           : minutes < 3 * min_per_h ? fmt::format("about {:.0f} min", minutes)
                                     : fmt::format("about {:.1f} h", minutes / min_per_h);
}

std::string capacity_text(const plan::PlanCapacity& capacity, const Outline& outline) {
    std::string out = fmt::format(
        "capacity\n  {} from {:.0f} to {:.0f} targets, {} to {:g} %{}: {}, at most {} ({} "
        "rounds) unless rounds must be repeated\n",
        capacity.variants.front().name,
        capacity.from,
        capacity.to,
        capacity.bisect ? "by bisection" : "in steps",
        capacity.resolution * 100,
        capacity.bisect ? fmt::format(", {} rounds at each number", capacity.rounds) : "",
        spoken(outline.capacity_likely),
        spoken(outline.capacity_most),
        outline.capacity_rounds_most);
    for (std::size_t i = 1; i < capacity.variants.size(); ++i) {
        out += fmt::format("  then with {}\n", capacity.variants[i].name);
    }
    out += "  sustained: no PDU lost, a backlog that does not grow";
    for (const plan::PlanLimit& limit : capacity.variants.front().limits) {
        out += ", " + plan::limit_text(limit);
    }
    return out + "\n";
}

} // namespace

namespace {

void add_egress(const plan::Plan& plan, std::vector<std::string>& remarks) {
    if (!plan.egress) {
        return;
    }
    for (const plan::PlanArray& array : plan.arrays) {
        remarks.push_back(fmt::format(
            "{}: what it sends is watched {} and held to the policy \"{}\"; a finding {}",
            array.name,
            array.description.emulated ? "in a laboratory" : "where its file names an interface",
            plan.egress->policies.at(array.name).rules.name,
            plan.egress->demand_silence ? "fails the run" : "is told and decides nothing"));
        std::set<std::string> from;
        for (const profiles::PortDescription& port : array.description.ports) {
            from.insert(port.markers_from);
        }
        from.erase("");
        if (!from.empty()) {
            remarks.push_back(fmt::format(
                "{}: 20 marker frames a second are sent on {}", array.name, fmt::join(from, ", ")));
        }
    }
}

} // namespace

Outline outline_of(const plan::Plan& plan) {
    Outline out;
    for (const plan::PlanArray& array : plan.arrays) {
        out.targets.push_back(target_of(plan, array));
        out.rounds += out.targets.back().rounds;
    }
    out.duration = planned_length(plan);
    plan::Plan spares = plan;
    spares.rounds = plan.spare_rounds;
    out.spare_duration = planned_length(spares);
    const CapacityLength capacity = capacity_length(plan);
    out.capacity_likely = capacity.likely;
    out.capacity_most = capacity.most;
    out.capacity_rounds_most = capacity.rounds_most;
    out.remarks = plan::plan_remarks(plan);
    add_egress(plan, out.remarks);
    return out;
}

std::string length_text(const plan::Plan& plan, const Outline& outline) {
    drivers::Duration before{0};
    if (plan.preconditioning) {
        before = plan.preconditioning->time_limit * static_cast<std::int64_t>(plan.arrays.size());
    }
    const drivers::Duration watched =
        plan.egress ? plan.egress->before + plan.egress->after : drivers::Duration{0};
    const drivers::Duration sure = outline.duration + watched;
    std::string out = "length: " + spoken(sure + outline.capacity_likely);
    if (plan.capacity) {
        out += fmt::format(", where the search for capacity decides: at most {} unless rounds must "
                           "be repeated",
                           spoken(sure + outline.capacity_most));
    }
    if (plan.preconditioning) {
        out += fmt::format("; before it up to {} of preconditioning", spoken(before));
        out +=
            plan.preconditioning->steady_round.count() > 0 ? " and the way to a steady state" : "";
    }
    return out + "\n";
}

std::string outline_text(const plan::Plan& plan, const Outline& outline) {
    std::string out =
        fmt::format("plan {} ({}), seed {}\n", plan.name, plan::type_name(plan.type), plan.seed);
    if (!plan.purpose.empty()) {
        out += "  " + plan.purpose + "\n";
    }
    out += "arrays\n";
    for (const Outline::Target& target : outline.targets) {
        out += target_text(target);
    }
    out += rounds_text(plan, outline);
    if (plan.capacity) {
        out += capacity_text(*plan.capacity, outline);
    }
    for (const std::string& remark : outline.remarks) {
        out += "note: " + remark + "\n";
    }
    return out;
}

} // namespace bench::campaign
