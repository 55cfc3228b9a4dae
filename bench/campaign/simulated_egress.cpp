// SPDX-License-Identifier: Apache-2.0
#include "bench/campaign/simulated_egress.h"

#include "bench/campaign/simulated_tap.h"
#include "bench/egress/canary_search.h"
#include "bench/integrity/stamp.h"
#include "profiles/random.h"

#include <algorithm>

namespace bench::campaign {

using namespace std::chrono_literals;
using namespace drivers::array;

namespace {

constexpr std::uint64_t volume_blocks = (16ULL << 30U) / 512;
constexpr std::uint64_t blocks_per_minute = written_per_minute_bytes / 512;
constexpr drivers::Duration load_slot = 5min; // Of the load by coin

profiles::PolicyRule
rule(const char* name, const char* protocol, const char* remote, std::uint16_t port) {
    profiles::PolicyRule out;
    out.name = name;
    out.purpose = "declared by the emulated array";
    out.protocol = protocol;
    out.direction = profiles::Direction::from_array;
    out.remotes = {remote};
    out.ports = {port};
    return out;
}

profiles::Policy declaration(const SimulatedEgress& scene) {
    profiles::Policy out;
    out.name = "emulated array";
    out.array_addresses = {"192.0.2.128/25", "2001:db8::/64"};
    out.rules = {rule("names", "udp", simulated::resolver, 53),
                 rule("time", "udp", "192.0.2.123", 123),
                 rule("log messages", "udp", "192.0.2.14", 514),
                 rule("traps", "udp", "192.0.2.61", 162),
                 rule("call-home", "tcp", simulated::call_home, 443)};
    out.rules.back().bytes_per_interval = 64U << 10U;
    out.rules.back().interval = 1h;
    if (scene.rules_for_all) {
        profiles::PolicyRule all;
        all.name = "all else";
        all.purpose = "so that only detectors speak";
        all.protocol = "any";
        out.rules.push_back(all);
    }
    return out;
}

integrity::CanaryKeyFile simulated_key() {
    integrity::CanaryKeyFile out;
    out.key.fill(std::byte{0x5A});
    return out;
}

std::vector<ActorSchedule> schedules_of(const SimulatedEgress& scene) {
    std::vector<ActorSchedule> out;
    for (auto kind = ActorKind::ntp; is_lawful(kind);
         kind = static_cast<ActorKind>(static_cast<int>(kind) + 1)) {
        ActorSettings settings = usual_actor(kind);
        settings.seed = scene.seed;
        if (kind == ActorKind::dns) {
            settings.names = {simulated::call_home};
        }
        out.emplace_back(settings);
    }
    for (ActorSettings settings : scene.unlawful) {
        settings.seed += scene.seed;
        out.emplace_back(settings);
    }
    return out;
}

// The host beside the array: writes once a minute, in half of all slots if a coin says which.
class Host {
public:
    explicit Host(const SimulatedEgress& scene)
        : by_coin_(scene.load_by_coin)
        , in_clear_(scene.in_clear)
        , happenings_(scene.happenings)
        , written_(4096)
        , stimulus_(stimulus_by_coin("load on and off", load_slot, scene.lasts, scene.seed)) {
        const integrity::CanaryPlanter planter(simulated_key().key, {.lun = 1});
        integrity::write_stamps(written_, {.run = 1, .canary = &planter});
    }

    drivers::Duration next() const {
        return happened_ < happenings_.size() ? std::min(next_write_, happenings_[happened_].at)
                                              : next_write_;
    }

    // What happens at next(); nothing is said of a minute without writes.
    void act(std::vector<ActorSchedule>& schedules, egress::Analysis& analysis) {
        if (happened_ < happenings_.size() && happenings_[happened_].at <= next_write_) {
            const Happening& happening = happenings_[happened_++];
            if (!happening.phase.empty()) {
                analysis.begin_phase(happening.phase, simulated::epoch_ns + happening.at.count());
            }
            const auto text = std::as_bytes(std::span(happening.text));
            tell(schedules, {happening.kind, happening.at, 0, happening.lba, 1, text.size(), text});
            return;
        }
        if (writes_at(next_write_)) {
            const std::uint64_t minute = static_cast<std::uint64_t>(next_write_ / 1min);
            tell(schedules,
                 {ActorNews::Kind::written,
                  next_write_,
                  0,
                  minute * blocks_per_minute % volume_blocks,
                  blocks_per_minute,
                  written_per_minute_bytes,
                  in_clear_ ? std::span<const std::byte>(written_) : std::span<const std::byte>{}});
        }
        next_write_ += 1min;
    }

    const egress::Stimulus& stimulus() const { return stimulus_; }

private:
    bool writes_at(drivers::Duration at) const {
        const auto pair = static_cast<std::size_t>(at / (2 * load_slot));
        const bool first = at % (2 * load_slot) < load_slot;
        const std::vector<bool>& on_first = stimulus_.on_first;
        return !by_coin_ || (pair < on_first.size() && on_first[pair] == first);
    }

    static void tell(std::vector<ActorSchedule>& schedules, const ActorNews& news) {
        for (ActorSchedule& schedule : schedules) {
            schedule.tell(news);
        }
    }

    bool by_coin_;
    bool in_clear_;
    const std::vector<Happening>& happenings_;
    std::size_t happened_ = 0;
    std::vector<std::byte> written_;
    egress::Stimulus stimulus_;
    drivers::Duration next_write_{0};
};

void play(const SimulatedEgress& scene, Host& host, egress::Analysis& analysis, EgressSeen& out) {
    SimulatedTap tap(analysis);
    std::vector<ActorSchedule> schedules = schedules_of(scene);
    const std::size_t lawful = schedules.size() - scene.unlawful.size();
    while (true) {
        const auto next = std::min_element(
            schedules.begin(), schedules.end(), [](const auto& left, const auto& right) {
                return left.next_due() < right.next_due();
            });
        if (std::min(next->next_due(), host.next()) >= scene.lasts) {
            break;
        }
        if (host.next() <= next->next_due()) {
            host.act(schedules, analysis);
            continue;
        }
        const ActorMessage message = next->take();
        if (static_cast<std::size_t>(next - schedules.begin()) >= lawful) {
            out.unlawful_bytes += message.payload.size();
            ++out.unlawful_messages;
        }
        tap.carry(message);
    }
    out.frames = tap.frames();
}

bool involves(const egress::EgressFinding& finding, const char* address) {
    const auto parsed = drivers::wire::parse_ip_address(address);
    return finding.key.ends[0] == *parsed || finding.key.ends[1] == *parsed;
}

void sort_kinds(const SimulatedEgress& scene, EgressSeen& out) {
    for (const egress::EgressFinding& finding : out.findings) {
        if (finding.severity != "finding") {
            continue;
        }
        out.kinds.insert(finding.kind);
        const bool is_unlawful =
            std::any_of(scene.unlawful.begin(), scene.unlawful.end(), [&](const auto& actor) {
                return is_about(finding, actor);
            });
        if (!is_unlawful) {
            out.kinds_of_lawful.insert(finding.kind);
        }
    }
}

} // namespace

egress::Stimulus stimulus_by_coin(std::string arm,
                                  drivers::Duration slot,
                                  drivers::Duration lasts,
                                  std::uint64_t seed) {
    egress::Stimulus out;
    out.arm = std::move(arm);
    out.slot_ns = slot.count();
    out.from_ns = simulated::epoch_ns;
    profiles::Random coin(seed);
    for (auto pairs = lasts / (2 * slot); pairs > 0; --pairs) {
        out.on_first.push_back(coin.chance(0.5));
    }
    return out;
}

bool is_about(const egress::EgressFinding& finding, const ActorSettings& actor) {
    switch (actor.kind) {
    case ActorKind::hidden_in_call_home:
        return finding.summary.find("call-home") != std::string::npos ||
               (finding.key.ports[0] == actor.port || finding.key.ports[1] == actor.port);
    case ActorKind::dns_tunnel:
        return finding.summary.find(actor.domain) != std::string::npos ||
               involves(finding, simulated::resolver);
    default:
        return involves(finding, actor.remote.c_str());
    }
}

EgressSeen simulate_egress(const SimulatedEgress& scene) {
    EgressSeen out;
    const egress::CompiledPolicy policy(declaration(scene));
    egress::CanarySearch search(simulated_key());
    Host host(scene);
    egress::StimulusWatch stimuli(scene.load_by_coin
                                      ? std::vector<egress::Stimulus>{host.stimulus()}
                                      : std::vector<egress::Stimulus>{},
                                  {});
    egress::AnalysisSettings settings;
    settings.evidence_bytes_max = 0;
    settings.content = &search;
    settings.packets = &stimuli;
    egress::Analysis analysis(policy, settings);
    play(scene, host, analysis, out);
    analysis.finish();
    search.finish();
    out.findings = egress::draw_findings(analysis, {});
    egress::find_canaries(search, analysis, out.findings);
    stimuli.find(analysis, out.findings);
    out.detectable = egress::detectable(analysis, {});
    const auto could = stimuli.detectable();
    out.detectable.insert(out.detectable.end(), could.begin(), could.end());
    sort_kinds(scene, out);
    out.books_balance = analysis.ledger().balances();
    return out;
}

} // namespace bench::campaign
