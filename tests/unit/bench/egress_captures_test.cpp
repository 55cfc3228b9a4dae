// SPDX-License-Identifier: Apache-2.0
// Real captures from public repositories, where they lie beside the tree; what is not there is said
// and skipped.

#include "bench/egress/findings.h"
#include "bench/egress/sinks.h"
#include "drivers/capture/pcap_source.h"
#include "profiles/policy_file.h"
#include "tests/paths.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <set>

namespace fs = std::filesystem;
using namespace bench::egress;

namespace {

fs::path captures() {
    return fs::path(tests::source_dir()) / ".." / "shared" / "captures";
}

struct Analysed {
    std::unique_ptr<CompiledPolicy> policy;
    std::unique_ptr<Analysis> analysis;
    std::vector<EgressFinding> findings;

    std::size_t count(const std::string& kind) const {
        return static_cast<std::size_t>(
            std::count_if(findings.begin(), findings.end(), [&](const auto& finding) {
                return finding.kind == kind;
            }));
    }
};

Analysed analyse(const fs::path& file, profiles::Policy policy = {}) {
    Analysed out;
    out.policy = std::make_unique<CompiledPolicy>(std::move(policy));
    out.analysis = std::make_unique<Analysis>(*out.policy, AnalysisSettings{});
    const auto source = drivers::capture::PcapSource::open_file(file.string());
    drivers::Frame frame;
    while (source->next(frame, {}) == drivers::Next::frame) {
        out.analysis->frame(frame);
    }
    out.analysis->finish();
    out.findings = draw_findings(*out.analysis, DetectorSettings{});
    return out;
}

std::vector<fs::path> all_captures(const std::string& below) {
    std::vector<fs::path> out;
    if (fs::exists(captures() / below)) {
        for (const auto& entry : fs::recursive_directory_iterator(captures() / below)) {
            if (entry.path().extension() == ".pcap") {
                out.push_back(entry.path());
            }
        }
    }
    std::sort(out.begin(), out.end());
    if (out.empty()) {
        WARN("LEFT OUT: no captures at " << captures() << ": not looked at");
    }
    return out;
}

std::uint16_t port(const nlohmann::json& line,
                   const char* key) { // null where the protocol has none
    return line.at(key).is_number() ? line.at(key).get<std::uint16_t>() : std::uint16_t{0};
}

} // namespace

TEST_CASE("every byte of every capture is accounted for, and no frame crashes the reader",
          "[egress][captures]") {
    for (const fs::path& file : all_captures("")) {
        const Analysed out = analyse(file);
        INFO(file.string());
        CHECK(out.analysis->ledger().balances());
        CHECK(out.analysis->ledger().captured().frames > 0);
        CHECK(out.findings.size() > 0); // Without a policy everything is unlisted or undecoded.
    }
}

TEST_CASE("a policy drafted from a benign capture leaves nothing to find in it",
          "[egress][captures]") {
    for (const fs::path& file : all_captures("benign")) {
        const Analysed first = analyse(file);
        const profiles::Policy draft = profiles::parse_policy(
            profiles::policy_json(draft_policy(*first.analysis, "draft"), "a draft"), "draft");
        const Analysed second = analyse(file, draft);
        INFO(file.string());
        for (const EgressFinding& finding : second.findings) {
            INFO(finding.kind << ": " << finding.summary);
            CHECK(finding.severity != "finding");
        }
        CHECK(second.analysis->ledger().allowed() == second.analysis->ledger().captured());
    }
}

TEST_CASE("an iodine tunnel is found with its domain, queries and characters",
          "[egress][captures]") {
    const fs::path file = captures() / "dns_tunnel" / "dns-tunnel-iodine.pcap";
    if (fs::exists(file)) {
        const Analysed out = analyse(file);
        REQUIRE(out.count("DNS tunnel") == 1);
        for (const EgressFinding& finding : out.findings) {
            if (finding.kind == "DNS tunnel") {
                CHECK(finding.details.at("domain") == "pirate.sea");
                CHECK(finding.details.at("queries") == "222");
                // Analysers differ by a few on names that are not text.
                CHECK(std::stod(finding.details.at("distinct subdomain characters")) ==
                      Approx(7921).epsilon(0.001));
                CHECK(finding.confidence == "high");
            }
        }
    }
}

TEST_CASE("one long data-like query and an echo tunnel are found, a banking trojan is no beacon",
          "[egress][captures]") {
    if (all_captures("dns_tunnel").empty()) {
        return;
    }
    CHECK(analyse(captures() / "dns_tunnel" / "dns-exf.pcap").count("DNS tunnel") == 1);
    CHECK(analyse(captures() / "icmp_covert" / "icmp-tunnel.pcap").count("ICMP tunnel") == 1);
    const Analysed trojan = analyse(captures() / "c2" / "trickbot.pcap");
    CHECK(trojan.count("beacon") == 0);
    CHECK(trojan.count("unlisted flow") > 0);
}

TEST_CASE("the same five-tuple in several VLANs is several flows", "[egress][captures]") {
    const fs::path file = captures() / "vlan_encap" / "vlan-collisions.pcap";
    if (fs::exists(file)) {
        CHECK(analyse(file).analysis->flows().size() == 3);
    }
}

TEST_CASE("community identifiers equal the published baseline", "[egress][captures]") {
    const fs::path file = captures() / "communityid" / "baseline_deflt.json";
    if (!fs::exists(file)) {
        WARN("LEFT OUT: no baseline at " << file << ": not compared");
        return;
    }
    std::ifstream in(file);
    std::set<std::string> seen;
    for (const char* name : {"ipv6", "rsvp", "sctp", "tcp", "udp"}) {
        const auto source = drivers::capture::PcapSource::open_file(
            (captures() / "communityid" / (std::string(name) + ".pcap")).string());
        drivers::Frame frame;
        while (source->next(frame, {}) == drivers::Next::frame) {
            const Packet packet =
                drivers::wire::decode_frame(frame.bytes, frame.link_type, frame.wire_bytes);
            seen.insert(community_id(packet).value_or("none"));
        }
    }
    std::size_t compared = 0;
    for (const auto& line : nlohmann::json::parse(in)) {
        const std::string wanted = line.at("communityid").get<std::string>();
        Packet packet;
        packet.protocol = line.at("proto").get<std::uint8_t>();
        packet.source = *drivers::wire::parse_ip_address(line.at("saddr").get<std::string>());
        packet.destination = *drivers::wire::parse_ip_address(line.at("daddr").get<std::string>());
        packet.source_port = port(line, "sport");
        packet.destination_port = port(line, "dport");
        INFO(line.dump());
        CHECK(community_id(packet) == wanted);
        ++compared;
    }
    CHECK(compared > 20);
    CHECK(seen.size() >= 5);
}
