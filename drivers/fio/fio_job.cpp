// SPDX-License-Identifier: Apache-2.0
#include "drivers/fio/fio_job.h"

#include "drivers/api/errors.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace drivers::fio {

namespace {

constexpr double overshoot_max = 1.005;
constexpr std::uint32_t jobs_max = 256;

std::string escaped_name(const std::string& path) {
    std::string out;
    for (const char letter : path) {
        // fio splits names at colons, expands $ and takes the rest of a line for its own.
        if (letter == '$' || static_cast<unsigned char>(letter) < ' ') {
            throw UsageError(fmt::format("\"{}\": fio cannot be told of a path with $ or control "
                                         "characters in it",
                                         path));
        }
        out += letter == ':' ? "\\:" : std::string(1, letter);
    }
    return out;
}

std::string microseconds(Duration duration) {
    return fmt::format("{}us",
                       std::chrono::duration_cast<std::chrono::microseconds>(duration).count());
}

std::string split_text(const std::vector<std::pair<std::uint64_t, double>>& blocks) {
    if (blocks.size() == 1) {
        return fmt::format("{}/100", blocks[0].first);
    }
    std::vector<std::string> parts; // fio takes whole percents, which must come to 100.
    int left = 100;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const int percent = i + 1 == blocks.size()
                                ? left
                                : std::min(left, static_cast<int>(std::lround(blocks[i].second)));
        left -= percent;
        parts.push_back(fmt::format("{}/{}", blocks[i].first, percent));
    }
    return fmt::format("{}", fmt::join(parts, ":"));
}

class Text {
public:
    template <typename Value>
    void line(const char* key, const Value& value) {
        out_ += fmt::format("{}={}\n", key, value);
    }
    void section(const std::string& name) { out_ += fmt::format("\n[{}]\n", name); }
    void comment(const std::string& text) { out_ += "# " + text + "\n"; }
    std::string take() { return std::move(out_); }

private:
    std::string out_;
};

void global(Text& text, const JobFile& file) {
    text.section("global");
    if (file.nbd_uri.empty()) {
        text.line("ioengine", "io_uring");
        text.line("filename", escaped_name(file.filename));
        text.line("direct", file.direct ? 1 : 0);
    } else {
        text.line("ioengine", "nbd");
        text.line("uri", file.nbd_uri);
    }
    text.line("allow_file_create", 0); // A mistyped name is an error, not a new file.
    text.line("time_based", 1);
    text.line("runtime", microseconds(file.runtime));
    if (file.ramp.count() > 0) {
        text.line("ramp_time", microseconds(file.ramp));
    }
    text.line("randseed", file.seed);
    text.line("randrepeat", 1);
    text.line("norandommap", 1);
    text.line("lat_percentiles", 1); // From submission to answer, as this bench's service time.
    text.line("clat_percentiles", 0);
}

void pace(Text& text, const Job& job) {
    text.line("iodepth", job.depth);
    if (job.rate_per_s > 0) {
        text.line("rate_iops", std::llround(job.rate_per_s));
        text.line("rate_process", job.poisson ? "poisson" : "linear");
    }
    if (job.burst_off.count() > 0) {
        text.line("thinktime", microseconds(job.burst_off));
        text.line("thinktime_iotime", microseconds(job.burst_on));
    }
}

void content(Text& text, const Job& job) {
    if (job.mode.find("read") != std::string::npos || job.mode.find("trim") != std::string::npos) {
        return;
    }
    text.line("refill_buffers", 1);
    if (job.compressible_percent > 0) {
        text.line("buffer_compress_percentage", std::lround(job.compressible_percent));
    }
    if (job.duplicate_percent > 0) {
        text.line("dedupe_percentage", std::lround(job.duplicate_percent));
    }
    if (job.synchronous_writes) {
        text.line("sync", "dsync");
    }
    if (flushes(job)) {
        text.line("fdatasync", job.fsync_every_writes);
    }
}

void section(Text& text, const Job& job) {
    text.section(job.name);
    text.line("rw", job.mode);
    const bool mix = job.mode == "rw" || job.mode == "randrw";
    if (mix) {
        text.line("rwmixread", std::lround(job.read_percent));
        text.line("bssplit", split_text(job.read_blocks) + "," + split_text(job.write_blocks));
    } else {
        text.line("bssplit",
                  split_text(job.read_blocks.empty() ? job.write_blocks : job.read_blocks));
    }
    if (!job.distribution.empty()) {
        text.line("random_distribution", job.distribution);
    }
    text.line("offset", job.offset_bytes);
    text.line("size", job.size_bytes);
    if (job.copies > 1) {
        text.line("numjobs", job.copies);
        if (job.copy_step_bytes > 0) {
            text.line("offset_increment", job.copy_step_bytes);
        }
    }
    pace(text, job);
    content(text, job);
}

} // namespace

std::string job_text(const JobFile& file) {
    Text text;
    text.comment(
        "For fio 3.33 or newer. Latencies of a job with a rate are service times: fio counts");
    text.comment("from when an access was sent, not from when it was due.");
    for (const std::string& note : file.notes) {
        text.comment(note);
    }
    global(text, file);
    for (const Job& job : file.jobs) {
        section(text, job);
    }
    return text.take();
}

bool flushes(const Job& job) {
    return job.fsync_every_writes > 0 && job.rate_per_s <= 0;
}

double poisson_overshoot(double rate_per_s) {
    const double gap_us = std::floor(1e6 / rate_per_s);
    return gap_us < 1 ? 1e9 : 1e6 * std::expm1(1 / gap_us) / rate_per_s;
}

std::uint32_t poisson_jobs(double rate_per_s) {
    for (std::uint32_t jobs = 1; jobs <= jobs_max; ++jobs) {
        const double each = std::round(rate_per_s / jobs); // fio takes whole rates.
        if (each >= 1 && poisson_overshoot(each) <= overshoot_max) {
            return jobs;
        }
    }
    return 0;
}

} // namespace drivers::fio
