// SPDX-License-Identifier: Apache-2.0
#include "bench/egress/dns_watch.h"

#include "bench/egress/entropy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <optional>

namespace bench::egress {

using namespace drivers::wire;

namespace {

constexpr std::size_t entries_max = 100'000;
constexpr std::size_t subdomains_max = 2'000'000;
constexpr std::size_t data_label_characters = 20;
constexpr double data_entropy_bits =
    3.2; // Of 24 and more characters; English words and host names stay below.

constexpr std::array<std::string_view, 12> public_second_labels{
    "co", "com", "org", "net", "gov", "edu", "ac", "gob", "mil", "or", "ne", "go"};

std::string_view subdomain_of(const std::string& name, const std::string& domain) {
    return name.size() > domain.size() + 1
               ? std::string_view(name).substr(0, name.size() - domain.size() - 1)
               : std::string_view{};
}

// Length of a subdomain as analysers print it: an escaped byte is one character, a UTF-8 sequence
// too.
std::size_t characters(std::string_view text) {
    std::size_t out = 0;
    unsigned following = 0; // Continuation bytes that the last lead byte announced
    for (std::size_t at = 0; at < text.size(); ++at) {
        unsigned value = static_cast<unsigned char>(text[at]);
        if (text[at] == '\\' && at + 3 < text.size()) {
            value = static_cast<unsigned>((text[at + 1] - '0') * 100 + (text[at + 2] - '0') * 10 +
                                          (text[at + 3] - '0'));
            at += 3;
        }
        const bool continues = following > 0 && (value & 0xC0U) == 0x80U;
        out += continues ? 0U : 1U;
        following = continues                          ? following - 1
                    : value >= 0xC2U && value < 0xE0U  ? 1
                    : value >= 0xE0U && value < 0xF0U  ? 2
                    : value >= 0xF0U && value <= 0xF4U ? 3
                                                       : 0;
    }
    return out;
}

std::size_t data_characters(std::string_view subdomain) {
    std::size_t out = 0;
    while (!subdomain.empty()) {
        const std::size_t end = std::min(subdomain.find('.'), subdomain.size());
        out += looks_like_data(subdomain.substr(0, end)) ? characters(subdomain.substr(0, end)) : 0;
        subdomain.remove_prefix(std::min(subdomain.size(), end + 1));
    }
    return out;
}

bool carries_data_down(std::uint16_t type) {
    return type == dns_type_txt || type == dns_type_null || type == dns_type_cname;
}

std::string types_text(const std::set<std::uint16_t>& types) {
    std::string out;
    for (const std::uint16_t type : types) {
        const char* name = type == dns_type_a       ? "A"
                           : type == dns_type_aaaa  ? "AAAA"
                           : type == dns_type_txt   ? "TXT"
                           : type == dns_type_null  ? "NULL"
                           : type == dns_type_cname ? "CNAME"
                                                    : nullptr;
        out += (out.empty() ? "" : ", ") +
               (name != nullptr ? std::string(name) : fmt::format("type {}", type));
    }
    return out;
}

} // namespace

bool looks_like_data(std::string_view label) {
    return label.size() >= data_label_characters &&
           entropy_bits(std::as_bytes(std::span(label))) >= data_entropy_bits;
}

std::string registered_domain(const std::string& name) {
    std::array<std::size_t, 3> dots{std::string::npos, std::string::npos, std::string::npos};
    std::size_t from = std::string::npos;
    for (std::size_t& dot : dots) {
        dot = name.rfind('.', from);
        if (dot == std::string::npos || dot == 0) {
            break;
        }
        from = dot - 1;
    }
    if (dots[0] == std::string::npos || dots[1] == std::string::npos) {
        return name;
    }
    const std::string_view second =
        std::string_view(name).substr(dots[1] + 1, dots[0] - dots[1] - 1);
    const bool country = name.size() - dots[0] - 1 == 2;
    const bool public_suffix =
        country && std::find(public_second_labels.begin(), public_second_labels.end(), second) !=
                       public_second_labels.end();
    const std::size_t cut = public_suffix ? dots[2] : dots[1];
    return cut == std::string::npos ? name : name.substr(cut + 1);
}

DnsTraffic* DnsWatch::entry(const IpAddress& client,
                            const IpAddress& server,
                            const std::string& domain,
                            const Packet& packet) {
    const Key key{client, server, domain};
    const auto found = traffic_.find(key);
    if (found != traffic_.end()) {
        return &found->second;
    }
    if (traffic_.size() >= entries_max) {
        ++left_out_;
        return nullptr;
    }
    DnsTraffic& fresh = traffic_[key];
    fresh.sample = key_of(packet).key;
    return &fresh;
}

void DnsWatch::message(const DnsMessage& message, const Packet& packet, std::int64_t at_ns) {
    const IpAddress& client = message.response ? packet.destination : packet.source;
    const IpAddress& server = message.response ? packet.source : packet.destination;
    const std::string name = message.questions.empty() ? "" : message.questions[0].name;
    const std::string domain = registered_domain(name);
    const std::string_view subdomain = subdomain_of(name, domain);
    // Keyed hash of the whole: two different texts taken for one would need 2^32 queries.
    const std::string asked = to_text(client) + '>' + to_text(server) + '?' + name;
    const std::uint64_t hash = integrity::sip_hash(secret_, std::as_bytes(std::span(asked)));
    const bool asks = !message.response && !subdomain.empty();
    const bool full = subdomains_seen_.size() >= subdomains_max;
    names_left_out_ += asks && full && subdomains_seen_.count(hash) == 0 ? 1U : 0U;
    const bool fresh_subdomain = asks && !full && subdomains_seen_.insert(hash).second;
    for (const std::string& scope : {domain, std::string()}) {
        DnsTraffic* traffic = entry(client, server, scope, packet);
        if (traffic == nullptr) {
            continue;
        }
        traffic->first_ns = traffic->first_ns == 0 ? at_ns : traffic->first_ns;
        traffic->last_ns = at_ns;
        traffic->longest_label = std::max(traffic->longest_label, message.longest_label_bytes);
        if (!message.response) {
            ++traffic->queries;
            if (name.size() > traffic->longest_query.size()) {
                traffic->longest_query = name;
            }
        }
        if (fresh_subdomain) {
            traffic->distinct_characters += characters(subdomain);
            traffic->long_label_characters += data_characters(subdomain);
        }
        for (const DnsQuestion& question : message.questions) {
            traffic->types.insert(question.type);
        }
        for (const DnsAnswer& answer : message.answers) {
            traffic->answer_bytes += carries_data_down(answer.type) ? answer.data_bytes : 0;
        }
    }
}

namespace {

struct Reason {
    std::string why;
    const char* confidence = "";
};

// What is suspicious below one domain; the strongest sign counts.
std::optional<Reason>
domain_reason(const std::string& domain, const DnsTraffic& traffic, const DnsLimits& limits) {
    if (traffic.distinct_characters > limits.domain_characters) {
        return Reason{
            fmt::format("{} characters of distinct subdomains below {} in {} queries (limit {})",
                        traffic.distinct_characters,
                        domain,
                        traffic.queries,
                        limits.domain_characters),
            "high"};
    }
    if (traffic.answer_bytes > limits.answer_bytes) {
        return Reason{fmt::format("{} bytes of TXT, NULL and CNAME answers below {} (limit {})",
                                  traffic.answer_bytes,
                                  domain,
                                  limits.answer_bytes),
                      "medium"};
    }
    const std::string_view longest = subdomain_of(traffic.longest_query, domain);
    if (longest.size() >= limits.single_query_characters &&
        data_characters(longest) >= data_label_characters) {
        return Reason{fmt::format("one query carries {} characters of data-like labels: {}",
                                  longest.size(),
                                  traffic.longest_query),
                      "low"};
    }
    return std::nullopt;
}

// Over all domains of a pair: tunnels need no common one.
std::optional<Reason> pair_reason(const DnsTraffic& traffic, const DnsLimits& limits) {
    if (traffic.long_label_characters <= limits.pair_data_characters) {
        return std::nullopt;
    }
    return Reason{
        fmt::format("{} characters of data-like labels over many domains in {} queries (limit {})",
                    traffic.long_label_characters,
                    traffic.queries,
                    limits.pair_data_characters),
        "medium"};
}

} // namespace

std::vector<DnsSuspicion> DnsWatch::suspicions(const DnsLimits& limits) const {
    std::vector<DnsSuspicion> out;
    std::set<std::pair<IpAddress, IpAddress>> explained;
    for (const bool whole_pairs : {false, true}) {
        for (const auto& [key, traffic] : traffic_) {
            const auto& [client, server, domain] = key;
            if (domain.empty() != whole_pairs ||
                (whole_pairs && explained.count({client, server}) != 0)) {
                continue;
            }
            const auto reason =
                whole_pairs ? pair_reason(traffic, limits) : domain_reason(domain, traffic, limits);
            if (reason) {
                explained.insert({client, server});
                out.push_back({domain,
                               reason->why + "; types " + types_text(traffic.types),
                               reason->confidence,
                               traffic,
                               client,
                               server});
            }
        }
    }
    return out;
}

} // namespace bench::egress
