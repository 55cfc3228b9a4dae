// SPDX-License-Identifier: Apache-2.0
// What a connection says of itself: DNS, TLS, HTTP, NTP, SNMP, syslog.
#include "drivers/wire/application.h"
#include "drivers/wire/dns.h"
#include "drivers/wire/tls.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace drivers::wire;

namespace {

using Octets = std::vector<std::byte>;

Octets octets(std::string_view text) {
    Octets out;
    for (const char letter : text) {
        out.push_back(static_cast<std::byte>(letter));
    }
    return out;
}

std::string number(std::size_t value, std::size_t width) {
    std::string out;
    for (std::size_t i = width; i-- > 0;) {
        out += static_cast<char>(value >> 8U * i & 0xFFU);
    }
    return out;
}

std::string counted(const std::string& text, std::size_t width) {
    return number(text.size(), width) + text;
}

std::string extension(std::size_t kind, const std::string& body) {
    return number(kind, 2) + counted(body, 2);
}

std::string record(const std::string& handshake) {
    return "\x16\x03\x01" + counted(handshake, 2);
}

std::string client_hello() {
    const std::string name = "store.example.org";
    const std::string extensions = extension(0x0A0A, "") + // GREASE
                                   extension(0, counted(number(0, 1) + counted(name, 2), 2)) +
                                   extension(16, counted(counted("h2", 1) + counted("x", 1), 2)) +
                                   extension(10, counted(number(0x001D, 2), 2)) +
                                   extension(11, counted(number(0, 1), 1));
    const std::string body = number(0x0303, 2) + std::string(32, 'r') + counted("", 1) +
                             counted(number(0x2A2A, 2) + number(0x1301, 2) + number(0xC02F, 2), 2) +
                             counted(number(0, 1), 1) + counted(extensions, 2);
    return number(1, 1) + counted(body, 3);
}

const std::string dns_header_answered("\x12\x34\x81\x80\0\1\0\1\0\0\0\0", 12);
const std::string question_a_example_org("\1a\7example\3org\0\0\1\0\1", 19);
const std::string address_behind_name("\0\1\0\1\0\0\0\x3C\0\4\xC0\0\2\7", 14);

// A question for a.example.org, and an answer whose name is what is given.
DnsMessage dns_with(const std::string& name) {
    return read_dns(
        octets(dns_header_answered + question_a_example_org + name + address_behind_name));
}

} // namespace

TEST_CASE("a name that is written by pointers backwards is read", "[dns]") {
    for (const char* name : {"\xC0\x0C", "\1a\xC0\x0E"}) {
        const DnsMessage message = dns_with(name);
        CHECK_FALSE(message.malformed);
        REQUIRE(message.answers.size() == 1);
        CHECK(to_text(message.answers[0].address) == "192.0.2.7");
        const DnsMessage asked =
            read_dns(octets(std::string("\x12\x34\1\0\0\2\0\0\0\0\0\0", 12) +
                            question_a_example_org + name + std::string("\0\1\0\1", 4)));
        CHECK_FALSE(asked.malformed);
        REQUIRE(asked.questions.size() == 2);
        CHECK(asked.questions[1].name == "a.example.org");
    }
}

TEST_CASE("no message has its bytes read over and over by pointers", "[dns]") {
    const std::string long_name = [] {
        std::string out;
        for (int i = 0; i < 4; ++i) {
            out += "\x3C" + std::string(60, 'n');
        }
        return out + std::string("\0\0\1\0\1", 5);
    }();
    const std::string pointed("\xC0\x0C\0\1\0\1", 6);
    const auto asked = [&](char questions) {
        std::string text("\x12\x34\1\0\0", 5);
        text += questions + std::string("\0\0\0\0\0\0", 6) + long_name;
        for (char i = 1; i < questions; ++i) {
            text += pointed;
        }
        return read_dns(octets(text));
    };
    CHECK_FALSE(asked(3).malformed); // Twice 240 bytes
    CHECK(asked(8).malformed);
    CHECK(asked(8).questions.size() == 3);

    const auto answered = [&](std::size_t labels, std::uint64_t answers) {
        std::string text = dns_header_answered;
        text.replace(6, 2, number(answers, 2));
        for (std::size_t i = 0; i < labels; ++i) {
            text += "\1n";
        }
        text += std::string("\0\0\1\0\1", 5);
        for (std::uint64_t i = 0; i < answers; ++i) {
            text += "\xC0\x0C" + address_behind_name;
        }
        return read_dns(octets(text));
    };
    CHECK_FALSE(answered(10, 64).malformed); // As many as an honest server has
    CHECK(answered(126, 64).malformed);
    CHECK(answered(126, 64).answers.size() < 10);
    CHECK(answered(126, 64).questions.size() == 1);
}

TEST_CASE("pointers in circles, forwards or into the header end a name", "[dns]") {
    // To itself, forwards, into the header, behind the end, and a label of a reserved kind.
    for (const std::string& name : {std::string("\xC0\x1F"),
                                    std::string("\xC0\x25"),
                                    std::string("\xC0\x02"),
                                    std::string("\xFF\xFF"),
                                    std::string("\x80\x01")}) {
        const DnsMessage message = dns_with(name);
        CHECK(message.malformed);
        CHECK(message.answers.empty());
        REQUIRE(message.questions.size() == 1); // What could be read stands.
        CHECK(message.questions[0].name == "a.example.org");
    }
}

TEST_CASE("a chain of pointers is followed so far and no further", "[dns]") {
    const auto chained = [](std::size_t length) {
        std::string text("\x12\x34\x81\x80\0\1\0\2\0\0\0\0\1a\0\0\1\0\1", 19);
        text += std::string("\xC0\x0C\0\x10\0\1\0\0\0\x3C", 10) + number(2 * length, 2);
        std::size_t target = 12; // The question's name; then each points at the one before.
        for (std::size_t i = 0; i < length; ++i) {
            const std::size_t here = text.size();
            text += "\xC0" + number(target, 1);
            target = here;
        }
        return read_dns(octets(text + "\xC0" + number(target, 1) +
                               std::string("\0\1\0\1\0\0\0\x3C\0\4\xC0\0\2\7", 14)));
    };
    CHECK_FALSE(chained(20).malformed);
    REQUIRE(chained(20).answers.size() == 2);
    CHECK(chained(100).malformed);
    CHECK(chained(100).answers.size() == 1);
}

TEST_CASE("a message cut anywhere is malformed, and tells what it can", "[dns]") {
    const std::string whole =
        dns_header_answered + question_a_example_org + "\xC0\x0C" + address_behind_name;
    CHECK_FALSE(read_dns(octets(whole)).malformed);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CHECK(read_dns(octets(whole.substr(0, length))).malformed);
    }
}

TEST_CASE("a ClientHello tells name, protocols and fingerprint, in one record or several",
          "[tls]") {
    const std::string hello = client_hello();
    for (const std::string& stream : {record(hello),
                                      record(hello.substr(0, 50)) + record(hello.substr(50)),
                                      record(hello) + "\x14\x03\x03\x00"}) {
        const auto read = read_client_hello(octets(stream));
        REQUIRE(read);
        CHECK(read->server_name == "store.example.org");
        CHECK(read->protocols == std::vector<std::string>{"h2", "x"});
        CHECK(read->fingerprint == "771,4865-49199,0-16-10-11,29,0");
    }
    for (std::size_t length = 0; length < record(hello).size(); ++length) {
        CHECK_FALSE(read_client_hello(octets(record(hello).substr(0, length))));
    }
    CHECK_FALSE(read_client_hello(octets("GET / HTTP/1.1\r\n\r\n")));
}

TEST_CASE("names of a certificate in clear are read", "[tls]") {
    const auto der = [](char tag, const std::string& body) {
        return tag + counted(body, 1);
    };
    const std::string common = "\x06\x03\x55\x04\x03" + der('\x0C', "array.example.net");
    const std::string others = der('\x82', "a.example.net") + der('\x82', "b.example.net");
    const std::string alternative = "\x06\x03\x55\x1D\x11" + der('\x04', der('\x30', others));
    const std::string certificate = "\x30\x7F" + common + alternative;
    const std::string handshake = number(11, 1) + counted(counted(counted(certificate, 3), 3), 3);
    CHECK(read_certificate_names(octets(record(handshake))) ==
          std::vector<std::string>{"a.example.net", "array.example.net", "b.example.net"});
    for (std::size_t length = 0; length < handshake.size(); ++length) {
        (void)read_certificate_names(octets(record(handshake).substr(0, length)));
    }
    CHECK(read_certificate_names(octets(record(client_hello()))).empty());
}

TEST_CASE("an HTTP request tells its line and host", "[application]") {
    const auto read = read_http_request(
        octets("POST /up?x=1 HTTP/1.1\r\nAccept: */*\r\nhOsT:  drop.example \r\n\r\nbody"));
    REQUIRE(read);
    CHECK(read->method == "POST");
    CHECK(read->target == "/up?x=1");
    CHECK(read->host == "drop.example");
    CHECK_FALSE(read_http_request(octets("POSTED / HTTP/1.1\r\n")));
    CHECK_FALSE(read_http_request(octets("GET nothing\r\n")));
    CHECK(read_http_request(octets("GET /\x1B[2J HTTP/1.0\r\n"))->target == "/?[2J");
}

TEST_CASE("NTP, SNMP and syslog are known by their first fields, others are not", "[application]") {
    std::string time(48, '\0');
    time[0] = 0x23; // Version 4, client
    REQUIRE(read_ntp(octets(time)));
    CHECK(read_ntp(octets(time))->mode == 3);
    CHECK_FALSE(read_ntp(octets(time.substr(0, 47))));
    time[0] = 0x3B; // Version 7
    CHECK_FALSE(read_ntp(octets(time)));

    const auto snmp = [](char version) {
        return read_snmp_version(octets(std::string("\x30\x20\x02\x01", 4) + version));
    };
    CHECK(snmp('\0') == 1);
    CHECK(snmp('\1') == 2);
    CHECK(snmp('\3') == 3);
    CHECK_FALSE(snmp('\2'));
    CHECK_FALSE(read_snmp_version(octets("0")));

    REQUIRE(read_syslog(octets("<165>1 text")));
    CHECK(read_syslog(octets("<165>1 text"))->facility == 20);
    CHECK(read_syslog(octets("<165>1 text"))->severity == 5);
    for (const char* other : {"<192>x", "<>x", "<1a>x", "165>x", "<1"}) {
        CHECK_FALSE(read_syslog(octets(other)));
    }
}
