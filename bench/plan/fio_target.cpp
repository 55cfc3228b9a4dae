// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/fio_target.h"

#include "bench/plan/nbd_server.h"
#include "drivers/api/errors.h"
#include "drivers/fio/fio_run.h"

#include <fmt/format.h>

namespace bench::plan {

namespace {

constexpr drivers::Duration patience = std::chrono::seconds(30);
constexpr const char* usual_words = "fio: connected to NBD server\n";
constexpr const char* socket_to_be = "/tmp/arraybench-nbd.sock";

bool is_local(const Url& url) {
    return url.kind == UrlKind::block_device;
}

void fit_size(FioAsk& ask, const FioPlace& place, drivers::Clock& clock) {
    const drivers::Geometry geometry = probe_lun(place.url, place.options, clock).geometry;
    const std::uint64_t capacity = geometry.block_count * geometry.block_bytes;
    if (ask.size_bytes == 0) {
        ask.size_bytes = capacity - ask.from_bytes;
    }
    if (ask.from_bytes > capacity || ask.size_bytes > capacity - ask.from_bytes) {
        throw drivers::UsageError(fmt::format(
            "{}: {} bytes wanted, the LUN has {}", place.url.text(), ask.size_bytes, capacity));
    }
}

bool is_direct(const FioPlace& place, drivers::Clock& clock) {
    for (const auto& [name, value] : probe_lun(place.url, place.options, clock).limits) {
        if (name == "direct I/O") {
            return value == "yes";
        }
    }
    return true;
}

void finish(const drivers::fio::JobFile& job, FioRun& out) {
    out.result = drivers::fio::run(job, patience);
    std::string said = out.result.text_before;
    if (const auto at = said.find(usual_words); at != std::string::npos) {
        said.erase(at, std::string_view(usual_words).size());
    }
    if (!said.empty()) {
        out.notes.push_back("fio said before its result: " +
                            said.substr(0, said.find_last_not_of('\n') + 1));
    }
    if (!out.result.repeated.empty()) {
        out.notes.push_back(fmt::format("fio's result has {} keys twice, \"{}\" for one, with the "
                                        "same value",
                                        out.result.repeated.size(),
                                        out.result.repeated.front()));
    }
}

} // namespace

drivers::fio::JobFile fio_job_for(const profiles::Workload& workload,
                                  FioAsk ask,
                                  const FioPlace& place,
                                  drivers::Clock& clock) {
    fit_size(ask, place, clock);
    drivers::fio::JobFile out = fio_jobs(workload, ask);
    if (is_local(place.url)) {
        out.filename = place.url.path;
        out.direct = is_direct(place, clock);
        return out;
    }
    out.nbd_uri = nbd_uri(socket_to_be);
    out.notes.push_back("Start the NBD server first: " +
                        nbd_command(place.url.text(), socket_to_be));
    if (profiles::writes(workload)) {
        out.notes.emplace_back("These jobs write: the server's command wants destroy=ID too, with "
                               "the LUN's own unique id or serial, as `arraybench probe` says it");
    }
    return out;
}

FioRun run_fio_at(const profiles::Workload& workload,
                  FioAsk ask,
                  const FioPlace& place,
                  drivers::Clock& clock) {
    fit_size(ask, place, clock);
    drivers::fio::JobFile job = fio_jobs(workload, ask);
    FioRun out;
    out.notes = job.notes;
    if (is_local(place.url)) {
        job.filename = place.url.path;
        job.direct = is_direct(place, clock);
        finish(job, out);
        return out;
    }
    NbdSettings settings;
    settings.url = place.url.text();
    settings.lun = place.options.expected;
    settings.lease_token = place.lease_token;
    settings.destroy = place.writes ? place.destroy : std::vector<std::string>{};
    settings.overwrite_data = place.overwrite_data;
    const NbdServer server(settings);
    job.nbd_uri = server.uri();
    out.notes.emplace_back("through nbdkit: every latency has the NBD server's share in it");
    try {
        finish(job, out);
    } catch (const std::runtime_error&) {
        server.heed_end();
        throw;
    }
    server.heed_end();
    return out;
}

} // namespace bench::plan
