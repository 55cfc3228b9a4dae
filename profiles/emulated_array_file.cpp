// SPDX-License-Identifier: Apache-2.0
#include "profiles/emulated_array_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <limits>
#include <set>

namespace profiles {

using std::chrono::nanoseconds;

namespace {

constexpr nanoseconds longest = std::chrono::hours(24 * 365);
constexpr std::uint64_t volume_bytes_max = std::uint64_t{1} << 50U; // 1 PiB
constexpr std::uint64_t whole_max = std::uint64_t{1} << 53U;

std::uint16_t read_controller(const JsonValue& value, const EmulatedArrayDescription& array) {
    return static_cast<std::uint16_t>(value.whole(0, array.controllers - 1U));
}

std::string read_name(const JsonValue& value, std::size_t length_max) {
    const std::string text = value.text();
    if (text.empty() || text.size() > length_max ||
        !std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) {
        value.fail(fmt::format("1 to {} printable ASCII characters", length_max));
    }
    return text;
}

std::string read_unique_id(const JsonValue& value) {
    const std::string text = value.text();
    const bool hexadecimal = std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (text.size() != 32 || text[0] != '6' || !hexadecimal) {
        value.fail("a NAA-6 identity: 32 lower-case hexadecimal digits, the first a 6");
    }
    return text;
}

EmulatedVolume read_volume(JsonObject object, const EmulatedArrayDescription& array) {
    EmulatedVolume out;
    out.name = read_name(object.required("name"), 64);
    const JsonValue size = object.required("size");
    out.size_bytes = size.size_bytes(1U << 20U, volume_bytes_max);
    if (const auto block = object.optional("block")) {
        out.block_bytes = static_cast<std::uint32_t>(block->size_bytes(512, 4096));
        if (out.block_bytes != 512 && out.block_bytes != 4096) {
            block->fail("\"512B\" or \"4KiB\"");
        }
    }
    if (out.size_bytes % out.block_bytes != 0) {
        size.fail("a whole number of blocks");
    }
    out.serial = read_name(object.required("serial"), 32);
    out.unique_id = read_unique_id(object.required("unique_id"));
    if (const auto file = object.optional("file")) {
        out.file = read_name(*file, 4096);
    }
    if (const auto thin = object.optional("thin")) {
        out.thin = thin->flag();
    }
    if (const auto granule = object.optional("granule")) {
        out.granule_bytes = static_cast<std::uint32_t>(granule->size_bytes(4096, 16U << 20U));
        if (out.granule_bytes % 4096 != 0) {
            granule->fail("a multiple of 4KiB");
        }
    }
    if (const auto closed = object.optional("write_protected")) {
        out.write_protected = closed->flag();
    }
    if (const auto owner = object.optional("owner")) {
        out.owner = read_controller(*owner, array);
    }
    object.finish();
    return out;
}

SecretReference read_secret(JsonObject object) {
    SecretReference out;
    const auto file = object.optional("file");
    const auto environment = object.optional("environment");
    if (file.has_value() == environment.has_value()) {
        object.self().fail("a secret's place: {\"file\": PATH} or {\"environment\": VARIABLE}");
    }
    out.file = file ? read_name(*file, 4096) : "";
    out.environment = environment ? read_name(*environment, 256) : "";
    object.finish();
    return out;
}

EmulatedPortal read_portal(JsonObject object,
                           const EmulatedArrayDescription& emulated,
                           const ArrayDescription& array) {
    EmulatedPortal out;
    const JsonValue transport = object.required("transport");
    out.transport = transport.choice<std::string>({{"iscsi", "iscsi"}, {"nvme_tcp", "nvme_tcp"}});
    if (out.transport == "nvme_tcp" && speaks_no_nvme(array)) {
        transport.fail(no_nvme_reason);
    }
    out.controller = read_controller(object.required("controller"), emulated);
    const JsonValue name = object.required("name");
    out.name = read_name(name, 223); // RFC 7143 4.2.7.1 and NVMe Base 4.7 agree on it.
    const bool known_form = out.transport == "iscsi"
                                ? out.name.starts_with("iqn.") || out.name.starts_with("eui.") ||
                                      out.name.starts_with("naa.")
                                : out.name.starts_with("nqn.");
    if (!known_form) {
        name.fail(out.transport == "iscsi" ? "an iSCSI name: iqn., eui. or naa."
                                           : "an NVMe name: nqn.");
    }
    if (const auto listen = object.optional("listen")) {
        out.listen = read_name(*listen, 256);
    }
    if (const auto advertise = object.optional("advertise")) {
        out.advertise = read_name(*advertise, 256);
    }
    if (const auto tag = object.optional("group_tag")) {
        out.group_tag = static_cast<std::uint16_t>(tag->whole(1, 65535));
    }
    if (const auto chap = object.optional("chap")) {
        out.chap = read_chap(chap->object());
    }
    object.finish();
    return out;
}

EmulatedPersona read_persona(JsonObject object, const EmulatedArrayDescription& array) {
    EmulatedPersona out;
    const JsonValue fault = object.required("fault");
    out.fault = fault.text();
    out.where = fault.pointer();
    if (const auto value = object.optional("controller")) {
        out.controller = read_controller(*value, array);
    }
    if (const auto value = object.optional("lun")) {
        out.lun = static_cast<std::uint16_t>(value->whole(0, array.volumes.size() - 1));
    }
    if (const auto value = object.optional("lba")) {
        out.lba = value->whole(0, whole_max);
    }
    if (const auto value = object.optional("cached_bytes")) {
        out.cached_bytes = value->whole(1, whole_max);
    }
    if (const auto value = object.optional("block_count")) {
        out.block_count = value->whole(1, whole_max);
    }
    if (const auto value = object.optional("next")) {
        out.next = value->whole(1, whole_max);
    }
    if (const auto value = object.optional("share")) {
        out.rate = value->fraction();
    } else if (const auto rate = object.optional("rate")) {
        out.rate = rate->rate_per_s(0, 1e6);
    }
    const std::pair<const char*, nanoseconds*> times[] = {
        {"duration", &out.duration}, {"transition", &out.transition}, {"extra", &out.extra}};
    for (const auto& [key, into] : times) {
        if (const auto value = object.optional(key)) {
            *into = value->duration(nanoseconds{0}, longest);
        }
    }
    if (const auto value = object.optional("factor")) {
        out.factor = value->number(1, 1e6);
    }
    if (const auto value = object.optional("notice")) {
        out.notice = value->choice<std::string>(
            {{"drop", "drop"}, {"attention", "attention"}, {"none", "none"}});
    }
    object.finish();
    return out;
}

EgressActor read_actor(JsonObject object) {
    EgressActor out;
    out.kind = read_name(object.required("kind"), 64);
    if (const auto parameters = object.optional("parameters")) {
        for (const auto& [name, value] : parameters->object().members()) {
            out.parameters[name] = value.dump();
        }
    }
    object.finish();
    return out;
}

void check_identities(const JsonValue& place, const EmulatedArrayDescription& array) {
    std::set<std::string> seen;
    for (const EmulatedVolume& volume : array.volumes) {
        if (!seen.insert(volume.unique_id).second) {
            place.fail(fmt::format("each unique_id once; {} stands twice", volume.unique_id));
        }
    }
}

} // namespace

bool speaks_no_nvme(const ArrayDescription& array) {
    const auto is_v5 = [](const std::string& text) {
        return text.find("V5") != std::string::npos || text.find("v5") != std::string::npos;
    };
    return array.identity.vendor == "HUAWEI" &&
           (is_v5(array.identity.generation) || is_v5(array.name));
}

EmulatedChap read_chap(JsonObject object) {
    EmulatedChap out;
    out.user = read_name(object.required("user"), 255);
    out.secret = read_secret(object.required("secret").object());
    if (const auto mutual = object.optional("mutual_user")) {
        out.mutual_user = read_name(*mutual, 255);
        out.mutual_secret = read_secret(object.required("mutual_secret").object());
    }
    object.finish();
    return out;
}

EmulatedArrayDescription read_emulated(JsonObject section, const ArrayDescription& array) {
    EmulatedArrayDescription out;
    if (const auto seed = section.optional("seed")) {
        out.seed = seed->whole(0, std::numeric_limits<std::uint64_t>::max());
    }
    out.controllers = static_cast<std::uint16_t>(section.required("controllers").whole(1, 16));
    if (const auto access = section.optional("access")) {
        out.symmetric = access->choice<bool>({{"symmetric", true}, {"asymmetric", false}});
    }
    if (const auto pool = section.optional("pool")) {
        out.pool_bytes = pool->size_bytes(1U << 20U, volume_bytes_max);
    }
    const JsonValue volumes = section.required("volumes");
    for (const JsonValue& item : volumes.items()) {
        out.volumes.push_back(read_volume(item.object(), out));
    }
    if (out.volumes.empty() || out.volumes.size() > 256) {
        volumes.fail("1 to 256 volumes");
    }
    check_identities(volumes, out);
    const JsonValue portals = section.required("portals");
    for (const JsonValue& item : portals.items()) {
        out.portals.push_back(read_portal(item.object(), out, array));
    }
    if (out.portals.empty() || out.portals.size() > 64) {
        portals.fail("1 to 64 portals");
    }
    if (const auto service = section.optional("service")) {
        out.service = read_service(service->object(), out.cache);
    }
    if (const auto personas = section.optional("personas")) {
        for (const JsonValue& item : personas->items()) {
            out.personas.push_back(read_persona(item.object(), out));
        }
    }
    if (const auto egress = section.optional("egress")) {
        for (const JsonValue& item : egress->items()) {
            out.egress.push_back(read_actor(item.object()));
        }
    }
    section.finish();
    return out;
}

} // namespace profiles
