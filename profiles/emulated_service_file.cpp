// SPDX-License-Identifier: Apache-2.0
#include "profiles/emulated_array_file.h"

namespace profiles {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds shortest{0};
constexpr nanoseconds longest = std::chrono::hours(1);
constexpr std::uint64_t bytes_max = std::uint64_t{1} << 50U;

void take(JsonObject& from, const char* key, nanoseconds& into) {
    if (const auto value = from.optional(key)) {
        into = value->duration(shortest, longest);
    }
}

void take(JsonObject& from, const char* key, std::uint64_t& into) {
    if (const auto value = from.optional(key)) {
        into = value->size_bytes(1, bytes_max);
    }
}

void take(JsonObject& from, const char* key, std::uint32_t& into, std::uint32_t most) {
    if (const auto value = from.optional(key)) {
        into = static_cast<std::uint32_t>(value->whole(1, most));
    }
}

// "120us", or {"shape": "lognormal", "median": "120us", "p99": "400us"}
ServiceTime read_time(const JsonValue& value) {
    ServiceTime out;
    if (!value.is_object()) {
        out.median = value.duration(nanoseconds{1}, longest);
        return out;
    }
    JsonObject object = value.object();
    out.shape = object.required("shape").choice<std::string>(
        {{"fixed", "fixed"}, {"lognormal", "lognormal"}, {"exponential", "exponential"}});
    out.median = object.required("median").duration(nanoseconds{1}, longest);
    if (out.shape == "lognormal") {
        out.p99 = object.required("p99").duration(out.median, longest);
    }
    object.finish();
    return out;
}

void take(JsonObject& from, const char* key, ServiceTime& into) {
    if (const auto value = from.optional(key)) {
        into = read_time(*value);
    }
}

void read_cache(JsonObject section, EmulatedService& service, EmulatedCache& cache) {
    if (const auto value = section.optional("volatile")) {
        cache.is_volatile = value->flag();
    }
    take(section, "volatile_size", cache.volatile_bytes);
    take(section, "read_size", cache.read_bytes);
    take(section, "write_size", cache.write_bytes);
    take(section, "destage_per_s", service.destage_bytes_per_s);
    if (const auto value = section.optional("destage_read_factor")) {
        service.destage_read_factor = value->number(1, 1000);
    }
    if (const auto value = section.optional("destage_compressed")) {
        service.destage_compressed = value->flag();
    }
    section.finish();
}

void read_media(JsonObject section, EmulatedService& service) {
    service.media_servers = static_cast<std::uint32_t>(section.required("servers").whole(1, 4096));
    service.media_read = read_time(section.required("read"));
    take(section, "write", service.media_write);
    take(section, "per_server_per_s", service.media_bytes_per_s);
    section.finish();
}

} // namespace

EmulatedService read_service(JsonObject section, EmulatedCache& cache) {
    EmulatedService out;
    take(section, "processors", out.processors, 256);
    take(section, "queue_limit", out.queue_limit, 1U << 20U);
    take(section, "read", out.read);
    take(section, "write", out.write);
    take(section, "flush", out.flush);
    take(section, "unmap", out.unmap);
    take(section, "link_per_s", out.link_bytes_per_s);
    take(section, "forwarding", out.forwarding);
    take(section, "thin_allocation", out.thin_allocation);
    take(section, "compression_per_kib", out.compression);
    if (const auto value = section.optional("cache")) {
        read_cache(value->object(), out, cache);
    }
    if (const auto value = section.optional("media")) {
        read_media(value->object(), out);
    }
    section.finish();
    return out;
}

} // namespace profiles
