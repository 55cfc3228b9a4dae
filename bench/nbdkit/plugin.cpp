// SPDX-License-Identifier: Apache-2.0
// nbdkit's C interface (nbdkit-plugin(3)): any URL of this project as an NBD export.
#include "bench/nbdkit/export.h"
#include "drivers/api/errors.h"
#include "results/text/escape.h"

#include <exception>
#include <memory>
#include <optional>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>

// nbdkit itself brings these when it loads the plugin; all else must be there when it is linked.
#pragma weak nbdkit_error
#pragma weak nbdkit_set_error

#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

using bench::nbdkit::Export;
using bench::nbdkit::ExportSettings;

namespace {

ExportSettings& settings() {
    static ExportSettings only; // nbdkit has one configuration per process.
    return only;
}

// Of a LUN that is served for writing, as long as this process runs.
std::optional<bench::campaign::LunLease>& lease() {
    static std::optional<bench::campaign::LunLease> only;
    return only;
}

Export& of(void* handle) {
    return *static_cast<Export*>(handle);
}

// Nothing may be thrown into nbdkit.
template <typename Work>
auto guarded(Work work, decltype(work()) failed) -> decltype(work()) {
    try {
        return work();
    } catch (const std::exception& error) {
        nbdkit_error("%s", results::text::clean_text(error.what()).c_str());
        return failed;
    }
}

int answer(int error) {
    if (error != 0) {
        nbdkit_set_error(error);
        return -1;
    }
    return 0;
}

int config(const char* key, const char* value) {
    return guarded(
        [&] {
            settings().set(key, value);
            return 0;
        },
        -1);
}

int config_complete() {
    return guarded(
        [] {
            settings().check();
            return 0;
        },
        -1);
}

std::unique_ptr<Export> tried() {
    try {
        return std::make_unique<Export>(settings(), false);
    } catch (const drivers::ProtocolError& error) {
        settings().tell_end(drivers::DriverEnd::broke_protocol, error.what());
        throw;
    }
}

int get_ready() { // Before it goes into the background: a wrong URL ends it at once.
    return guarded(
        [] {
            const auto probe = tried();
            if (probe->is_writable() && settings().url->kind != bench::plan::UrlKind::memory) {
                lease().emplace(probe->mark(), settings().lease_token);
            }
            settings().cleared = true;
            settings().options.expected = probe->mark();
            return probe->size_bytes() > 0 ? 0 : -1;
        },
        -1);
}

void* open(int read_only) {
    return guarded([&]() -> void* { return new Export(settings(), read_only != 0); },
                   static_cast<void*>(nullptr));
}

void close(void* handle) {
    delete static_cast<Export*>(handle);
}

std::int64_t get_size(void* handle) {
    return of(handle).size_bytes();
}

int block_size(void* handle, std::uint32_t* least, std::uint32_t* best, std::uint32_t* most) {
    const auto sizes = of(handle).block_sizes();
    *least = sizes.least;
    *best = sizes.best;
    *most = sizes.most;
    return 0;
}

int can_write(void* handle) {
    return of(handle).is_writable() ? 1 : 0;
}

int yes(void* /*handle*/) {
    return 1;
}

int can_fua(void* /*handle*/) {
    return NBDKIT_FUA_NATIVE;
}

// NOLINTNEXTLINE(readability-function-size): nbdkit's own signature.
int pread(void* handle, void* data, std::uint32_t count, std::uint64_t at, std::uint32_t) {
    return guarded([&] { return answer(of(handle).read(data, count, at)); }, -1);
}

// NOLINTNEXTLINE(readability-function-size): nbdkit's own signature.
int pwrite(
    void* handle, const void* data, std::uint32_t count, std::uint64_t at, std::uint32_t flags) {
    return guarded(
        [&] { return answer(of(handle).write(data, count, at, (flags & NBDKIT_FLAG_FUA) != 0)); },
        -1);
}

int flush(void* handle, std::uint32_t) {
    return guarded([&] { return answer(of(handle).flush()); }, -1);
}

int trim(void* handle, std::uint32_t count, std::uint64_t at, std::uint32_t flags) {
    return guarded(
        [&] { return answer(of(handle).trim(count, at, (flags & NBDKIT_FLAG_FUA) != 0)); }, -1);
}

int zero(void* handle, std::uint32_t count, std::uint64_t at, std::uint32_t flags) {
    return guarded(
        [&] { return answer(of(handle).zero(count, at, (flags & NBDKIT_FLAG_FUA) != 0)); }, -1);
}

constexpr const char* help =
    "url=URL            what to serve: iscsi://, nvme+tcp://, file:, /dev/, memory:, null:\n"
    "expect=BLOCKSxBYTES,ID,SERIAL   serve this LUN and no other that answers in its place\n"
    "destroy=ID         the LUN's own unique id (its serial only where it has none\n"
    "                   and no other LUN of its target has the same): only then is it served for "
    "writing,\n"
    "                   and only if it carries nobody's data; may be given several times\n"
    "overwrite-data=true   even if it does\n"
    "lease=TOKEN        share the LUN with the run that holds it by this word\n"
    "lease-file=FILE    the same, and nobody sees the word on a command line\n"
    "end-file=FILE      told why an array has ended for good\n"
    "timeout=TIME       a command's time, and how long a lost array is hoped for (default 30s, "
    "60s)\n"
    "depth=N            requests in flight per connection (default 64)";

} // namespace

static nbdkit_plugin plugin = [] {
    nbdkit_plugin out{};
    out.name = "arraybench";
    out.longname = "arraybench: a LUN behind any of its drivers";
    out.description = "Serves an iSCSI LUN, NVMe/TCP namespace, device or file; read-only unless "
                      "the LUN's own identity is named.";
    out.config = config;
    out.config_complete = config_complete;
    out.config_help = help;
    out.magic_config_key = "url";
    out.get_ready = get_ready;
    out.open = open;
    out.close = close;
    out.get_size = get_size;
    out.block_size = block_size;
    out.can_write = can_write;
    out.can_flush = can_write;
    out.can_trim = can_write;
    out.can_zero = can_write;
    out.can_fua = can_fua;
    out.can_multi_conn = yes; // A flush of any session is one of the LUN.
    out.pread = pread;
    out.pwrite = pwrite;
    out.flush = flush;
    out.trim = trim;
    out.zero = zero;
    out.errno_is_preserved = 0;
    return out;
}();

NBDKIT_REGISTER_PLUGIN(plugin)
