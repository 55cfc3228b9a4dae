// SPDX-License-Identifier: Apache-2.0
#include "bench/plan/actor_assembly.h"

#include "profiles/strict_json.h"

#include <fmt/format.h>

namespace bench::plan {

namespace {

namespace array = drivers::array;
using profiles::JsonObject;
using profiles::JsonValue;
using namespace std::chrono_literals;

constexpr auto longest = 24h * 400;
constexpr std::uint64_t bytes_max = 1ULL << 50U;

template <typename Enum>
std::vector<std::pair<std::string_view, Enum>> choices(std::size_t count,
                                                       std::string_view (*name)(Enum) noexcept) {
    std::vector<std::pair<std::string_view, Enum>> out;
    for (std::size_t i = 0; i < count; ++i) {
        out.emplace_back(name(static_cast<Enum>(i)), static_cast<Enum>(i));
    }
    return out;
}

void read_trigger(JsonObject in, array::ActorTrigger& out) {
    using array::ActorCue;
    out.cue = in.required("on").choice<ActorCue>({{"start", ActorCue::start},
                                                  {"time", ActorCue::time},
                                                  {"update", ActorCue::update},
                                                  {"failover", ActorCue::failover},
                                                  {"magic_block", ActorCue::magic_block},
                                                  {"keyword", ActorCue::keyword}});
    if (const auto after = in.optional("after")) {
        out.after = after->duration(0ns, longest);
    }
    if (const auto lasts = in.optional("lasts")) {
        out.lasts = lasts->duration(1ms, longest);
    }
    if (out.cue == ActorCue::magic_block) {
        out.lba = in.required("lba").whole(0, 1ULL << 53U);
        if (const auto lun = in.optional("lun")) {
            out.lun = static_cast<std::uint16_t>(lun->whole(0, 16383));
        }
    }
    if (out.cue == ActorCue::keyword) {
        out.keyword = in.required("keyword").text();
    }
    in.finish();
}

void read_address(JsonObject& in, array::ActorSettings& out) {
    if (const auto remote = in.optional("remote")) {
        out.remote = remote->text();
    }
    if (const auto port = in.optional("port")) {
        out.port = static_cast<std::uint16_t>(port->whole(0, 65535));
    }
    if (const auto by = in.optional("leaves_by")) {
        out.by_data_port = by->choice<bool>({{"data", true}, {"management", false}});
    }
}

void read_pace(JsonObject& in, array::ActorSettings& out) {
    if (const auto period = in.optional("period")) {
        out.period = period->duration(1ms, longest);
    }
    if (const auto jitter = in.optional("jitter")) {
        out.jitter = jitter->fraction();
    }
    if (const auto memoryless = in.optional("memoryless")) {
        out.memoryless = memoryless->flag();
    }
    if (const auto size = in.optional("size")) {
        out.size_bytes = size->size_bytes(0, bytes_max);
    }
    if (const auto share = in.optional("ingest_share")) {
        out.ingest_share = share->fraction();
    }
    if (const auto after = in.optional("after_ingest")) {
        out.ingest_bytes = after->size_bytes(1, bytes_max);
    }
    if (const auto trigger = in.optional("trigger")) {
        read_trigger(trigger->object(), out.trigger);
    }
}

void read_words(JsonObject& in, array::ActorSettings& out) {
    using array::DnsCarrier;
    if (const auto domain = in.optional("domain")) {
        out.domain = domain->text();
    }
    if (const auto record = in.optional("record")) {
        out.dns_carrier = record->choice<DnsCarrier>(
            {{"TXT", DnsCarrier::txt}, {"NULL", DnsCarrier::null}, {"CNAME", DnsCarrier::cname}});
    }
    if (const auto names = in.optional("names")) {
        for (const JsonValue& name : names->items()) {
            out.names.push_back(name.text());
        }
    }
    if (const auto encoding = in.optional("encoding")) {
        out.encoding = encoding->choice<array::LeakEncoding>(
            choices<array::LeakEncoding>(array::leak_encoding_count, array::leak_encoding_name));
    }
}

array::ActorSettings
read_actor(const profiles::EgressActor& actor, const std::string& place, std::uint64_t seed) {
    std::string text = "{";
    for (const auto& [key, value] : actor.parameters) {
        text += fmt::format("{}\"{}\":{}", text.size() > 1 ? "," : "", key, value);
    }
    const auto document = profiles::JsonDocument::parse(text + "}", place);
    const auto kind = profiles::JsonDocument::parse(fmt::format("[\"{}\"]", actor.kind), place)
                          .root()
                          .items()
                          .front()
                          .choice<array::ActorKind>(choices<array::ActorKind>(
                              array::actor_kind_count, array::actor_kind_name));
    array::ActorSettings out = array::usual_actor(kind);
    out.seed = seed;
    JsonObject in = document.root().object();
    read_address(in, out);
    read_pace(in, out);
    read_words(in, out);
    in.finish();
    if (const std::string wanted = array::actor_problem(out); !wanted.empty()) {
        document.root().fail(wanted);
    }
    return out;
}

} // namespace

std::vector<array::ActorSettings> actor_settings(const profiles::ArrayDescription& described) {
    std::vector<array::ActorSettings> out;
    if (described.emulated) {
        for (const profiles::EgressActor& actor : described.emulated->egress) {
            const std::string place =
                fmt::format("{}: /emulated/egress/{} ({})", described.file, out.size(), actor.kind);
            // Each actor of an array has chance of its own.
            constexpr std::uint64_t spread = 0x9E3779B97F4A7C15U;
            out.push_back(
                read_actor(actor, place, described.emulated->seed + spread * (out.size() + 1)));
        }
    }
    return out;
}

} // namespace bench::plan
