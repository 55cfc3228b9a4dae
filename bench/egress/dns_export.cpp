// SPDX-License-Identifier: Apache-2.0
// Zeek's dns.log: https://docs.zeek.org/en/master/logs/dns.html
#include "bench/egress/sinks.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace bench::egress {

using namespace drivers::wire;

namespace {

std::string type_name(std::uint16_t type) { // IANA, DNS resource record types
    static constexpr std::array<std::pair<std::uint16_t, const char*>, 12> names{{{1, "A"},
                                                                                  {2, "NS"},
                                                                                  {5, "CNAME"},
                                                                                  {6, "SOA"},
                                                                                  {10, "NULL"},
                                                                                  {12, "PTR"},
                                                                                  {15, "MX"},
                                                                                  {16, "TXT"},
                                                                                  {28, "AAAA"},
                                                                                  {33, "SRV"},
                                                                                  {65, "HTTPS"},
                                                                                  {255, "*"}}};
    for (const auto& [number, name] : names) {
        if (number == type) {
            return name;
        }
    }
    return fmt::format("query-{}", type);
}

std::string code_name(std::uint8_t code) {
    static constexpr std::array<const char*, 6> names{
        "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
    return code < names.size() ? names[code] : fmt::format("rcode-{}", code);
}

// As Zeek writes what is no plain text: a name can end no field and no line.
std::string log_text(const std::string& text) {
    std::string out;
    for (const char letter : text) {
        const auto code = static_cast<unsigned char>(letter);
        const bool plain = code >= ' ' && code < 0x7F && letter != '\\' && letter != ',';
        out += plain ? std::string(1, letter) : fmt::format("\\x{:02x}", code);
    }
    if (out == "-" || out == "(empty)") { // The words for no name at all.
        return fmt::format("\\x{:02x}{}", static_cast<unsigned>(out[0]), out.substr(1));
    }
    return out.empty() ? "(empty)" : out;
}

std::string answers_text(const std::vector<DnsAnswer>& answers) {
    std::string out;
    for (const DnsAnswer& answer : answers) {
        out += out.empty() ? "" : ",";
        out += answer.address.family != 0
                   ? to_text(answer.address)
                   : fmt::format("{} {}", type_name(answer.type), answer.data_bytes);
    }
    return out.empty() ? "-" : out;
}

} // namespace

std::string zeek_dns_log(const Analysis& analysis) {
    std::string out =
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n"
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_"
        "id\trtt\tquery\t"
        "qtype\tqtype_name\trcode\trcode_name\tanswers\n"
        "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tinterval\tstring\tcount\tstring"
        "\t"
        "count\tstring\tvector[string]\n";
    for (const DnsTransaction& asked : analysis.dns_log()) {
        const std::size_t from = asked.client;
        const std::size_t to = 1 - from;
        const bool answered = asked.answered_ns != 0;
        out += fmt::format("{}.{:09}\tC{:016x}\t{}\t{}\t{}\t{}\t{}\t{}\t",
                           asked.at_ns / 1'000'000'000,
                           asked.at_ns % 1'000'000'000,
                           asked.key.stable_hash(),
                           to_text(asked.key.ends[from]),
                           asked.key.ports[from],
                           to_text(asked.key.ends[to]),
                           asked.key.ports[to],
                           protocol_text(asked.key),
                           asked.id);
        out += fmt::format(
            "{}\t{}\t{}\t{}\t{}\t{}\t{}\n",
            answered
                ? fmt::format("{:.9f}", static_cast<double>(asked.answered_ns - asked.at_ns) / 1e9)
                : "-",
            log_text(asked.name),
            asked.type,
            type_name(asked.type),
            answered ? std::to_string(asked.code) : "-",
            answered ? code_name(asked.code) : "-",
            answers_text(asked.answers));
    }
    return out;
}

} // namespace bench::egress
