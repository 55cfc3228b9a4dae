// SPDX-License-Identifier: Apache-2.0
#include "bench/cli/load_workload.h"

#include "bench/cli/fio_units.h"
#include "bench/cli/option_values.h"
#include "results/text/human.h"

#include <fmt/format.h>

namespace bench::cli {

namespace {

namespace options = boost::program_options;
using profiles::AccessOp;
using profiles::Pace;
using profiles::Spot;
using profiles::interception::PlatformWorkload;
using profiles::interception::VideoWorkload;

profiles::Arrivals arrivals_of(const options::variables_map& given, const LoadRequest& request) {
    profiles::Arrivals out;
    const auto& rate = given["rate_iops"].as<std::string>();
    if (rate.empty()) {
        out.depth = request.depth_per_job * request.jobs;
        return out;
    }
    const auto per_job = parse_fio_rate(rate);
    if (!per_job) {
        refuse("rate_iops", rate, "a rate per second from 0.001 to 100m, like 1000 or 50k");
    }
    out.rate_per_s = *per_job * request.jobs;
    out.pace =
        one_of<Pace>(given, "rate_process", {{"linear", Pace::fixed}, {"poisson", Pace::poisson}});
    return out;
}

void set_distribution(const options::variables_map& given, profiles::Locality& out) {
    const auto& text = given["random_distribution"].as<std::string>();
    if (text == "random") {
        return;
    }
    const auto theta = text.rfind("zipf:", 0) == 0 ? parse_fio_rate(text.substr(5)) : std::nullopt;
    if (!theta || *theta < 0.01 || *theta > 10) {
        refuse("random_distribution", text, "random, or zipf: and a number from 0.01 to 10");
    }
    out.spot = Spot::zipf;
    out.zipf_theta = *theta;
}

std::vector<profiles::WorkloadStream> streams_of(const options::variables_map& given) {
    struct Kind {
        bool reads;
        bool writes;
        bool random;
    };
    const auto kind = one_of<Kind>(given,
                                   "rw",
                                   {{"read", {true, false, false}},
                                    {"write", {false, true, false}},
                                    {"randread", {true, false, true}},
                                    {"randwrite", {false, true, true}},
                                    {"rw", {true, true, false}},
                                    {"readwrite", {true, true, false}},
                                    {"randrw", {true, true, true}}});
    profiles::WorkloadStream stream;
    stream.blocks = {{size_option(given, "bs"), 1}};
    if (stream.blocks[0].size_bytes == 0 || stream.blocks[0].size_bytes > (64U << 20U)) {
        refuse("bs", given["bs"].as<std::string>(), "a block size from 512 to 64m");
    }
    stream.locality.spot = kind.random ? Spot::uniform : Spot::sequential;
    if (kind.random) {
        set_distribution(given, stream.locality);
    }
    const unsigned read_percent = given["rwmixread"].as<unsigned>();
    if (read_percent > 100) {
        refuse("rwmixread", std::to_string(read_percent), "a percentage from 0 to 100");
    }
    std::vector<profiles::WorkloadStream> out;
    if (kind.reads && (!kind.writes || read_percent > 0)) {
        stream.name = "read";
        stream.op = AccessOp::read;
        stream.share = kind.writes ? read_percent / 100.0 : 1;
        out.push_back(stream);
    }
    if (kind.writes && (!kind.reads || read_percent < 100)) {
        stream.name = "write";
        stream.op = AccessOp::write;
        stream.share = kind.reads ? 1 - read_percent / 100.0 : 1;
        out.push_back(stream);
    }
    return out;
}

// The trace of --trace or --read_iolog; none if neither is given.
std::string trace_of(const options::variables_map& given) {
    const auto& trace = given["trace"].as<std::string>();
    const auto& iolog = given["read_iolog"].as<std::string>();
    if (!trace.empty() && !iolog.empty()) {
        refuse("read_iolog", iolog, "either this or --trace");
    }
    return trace.empty() ? iolog : trace;
}

std::string pace_text(const profiles::AnyWorkload& workload) {
    if (const auto* trace = std::get_if<profiles::trace::TraceWorkload>(&workload)) {
        return fmt::format("{} accesses in {} at speed {:g}",
                           results::text::grouped(trace->outline.accesses),
                           results::text::duration(
                               static_cast<double>(profiles::trace::length_of(*trace).count())),
                           trace->speed);
    }
    const profiles::Offer offer = profiles::offer_of(workload);
    if (!offer.open_loop) {
        return fmt::format("depth {}", offer.depth);
    }
    if (const auto* platform = std::get_if<PlatformWorkload>(&workload)) {
        return fmt::format("{:g} targets",
                           platform->parameters.targets * platform->parameters.scale);
    }
    if (const auto* video = std::get_if<VideoWorkload>(&workload)) {
        return fmt::format("{} cameras", profiles::interception::camera_count(video->parameters));
    }
    const Pace pace = std::get<profiles::Workload>(workload).arrivals.pace;
    const char* kind = pace == Pace::fixed     ? "fixed gaps"
                       : pace == Pace::poisson ? "Poisson"
                                               : "bursts";
    return fmt::format("{} offered, {}", results::text::per_second(offer.rate_per_s), kind);
}

void refuse_beside(const options::variables_map& given,
                   const std::string& file,
                   std::initializer_list<const char*> others) {
    for (const char* option : others) {
        if (!given[option].defaulted()) {
            refuse(option, file, "either a workload or a trace, or this option");
        }
    }
}

profiles::AnyWorkload trace_workload(const options::variables_map& given, const std::string& file) {
    auto out = profiles::trace::trace_workload_of(file);
    using profiles::trace::Remap;
    out.speed = number_option(given, "trace-speed", 0.001, 1000);
    out.remap =
        one_of<Remap>(given,
                      "trace-remap",
                      {{"modulo", Remap::modulo}, {"scale", Remap::scale}, {"none", Remap::none}});
    out.repeat = given.count("trace-repeat") != 0;
    if (!given["trace-rate"].defaulted()) {
        out.rate_per_s = number_option(given, "trace-rate", 0.001, 1e8);
    }
    if (!out.outline.timed && out.rate_per_s <= 0) {
        refuse("trace", file, "--trace-rate beside a trace without instants");
    }
    return out;
}

void set_scale(const options::variables_map& given, profiles::AnyWorkload& workload) {
    if (given["scale"].defaulted()) {
        return;
    }
    const double scale = number_option(given, "scale", 0.0001, 4);
    if (auto* platform = std::get_if<PlatformWorkload>(&workload)) {
        platform->parameters.scale = scale;
    } else if (auto* video = std::get_if<VideoWorkload>(&workload)) {
        video->parameters.scale = scale;
    } else {
        refuse("scale", given["scale"].as<std::string>(), "a platform workload beside it");
    }
}

} // namespace

void set_workload(const options::variables_map& given, LoadRequest& out) {
    const auto& file = given["workload"].as<std::string>();
    const std::string trace = trace_of(given);
    std::string what;
    if (!trace.empty()) {
        refuse_beside(given, trace, {"workload", "scale"});
        out.workload = trace_workload(given, trace);
        what = "trace " + trace;
    } else if (!file.empty()) {
        out.workload = profiles::read_any_workload(file);
        what = profiles::workload_name(out.workload);
        set_scale(given, out.workload);
        const profiles::Offer offer = profiles::offer_of(out.workload);
        if (!offer.open_loop) {
            out.depth_per_job = (offer.depth + out.jobs - 1) / out.jobs;
        }
    } else {
        profiles::Workload workload;
        workload.name = "load";
        workload.streams = streams_of(given);
        workload.arrivals = arrivals_of(given, out);
        what = given["rw"].as<std::string>() + " " +
               results::text::size(static_cast<double>(workload.streams[0].blocks[0].size_bytes));
        out.workload = std::move(workload);
        if (!given["scale"].defaulted()) {
            refuse("scale", given["scale"].as<std::string>(), "a platform workload beside it");
        }
    }
    if (!trace.empty() || !file.empty()) {
        refuse_beside(
            given, trace + file, {"rw", "bs", "rate_iops", "rwmixread", "random_distribution"});
    }
    out.summary = fmt::format(
        "{}, {}, {} {}", what, pace_text(out.workload), out.jobs, out.jobs == 1 ? "lane" : "lanes");
}

bool is_paced(const options::variables_map& given) {
    return !given["rate_iops"].as<std::string>().empty() || !given["workload"].defaulted() ||
           !trace_of(given).empty();
}

} // namespace bench::cli
