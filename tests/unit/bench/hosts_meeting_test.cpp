// SPDX-License-Identifier: Apache-2.0
#include "bench/hosts/handshake.h"
#include "bench/hosts/link.h"
#include "bench/hosts/meeting.h"
#include "drivers/api/errors.h"
#include "drivers/api/monotonic_clock.h"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

using namespace bench::hosts;
using namespace std::chrono_literals;

namespace {

int connection_to(std::uint16_t port) {
    const int out = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(out, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    return out;
}

std::string heard(int descriptor, std::size_t bytes) {
    std::string out(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const ssize_t got = ::recv(descriptor, out.data() + have, bytes - have, 0);
        if (got <= 0) {
            break;
        }
        have += static_cast<std::size_t>(got);
    }
    return out.substr(0, have);
}

bool is_turned_away(int descriptor) { // After what it was told first.
    return heard(descriptor, challenge_bytes + proof_bytes).size() <= challenge_bytes;
}

// Three hosts that know each other's public keys.
struct Three {
    Meeting meeting{MeetingTerms{.only_this_host = true, .newcomer_time = 500ms}};
    MeetingKey first;
    MeetingKey second;
    std::vector<PublicKey> keys{meeting.public_key(), first.public_key(), second.public_key()};
    MeetingPlace place = MeetingPlace::from_text(meeting.place().text());
};

} // namespace

TEST_CASE("hosts meet by their keys, and who has none of them stays outside", "[hosts]") {
    Three three;
    CHECK(three.place.addresses == std::vector<std::string>{"127.0.0.1"});
    const drivers::MonotonicClock clock;
    auto others = std::async(std::launch::async, [&] {
        const MeetingKey foreign;
        const PublicKey leader = three.meeting.public_key();
        CHECK_THROWS_AS(go_to(three.place, {1, foreign, leader}, 200ms), drivers::HostError);
        const Met two = go_to(three.place, {2, three.second, leader}, 10s);
        const Met one = go_to(three.place, {1, three.first, leader}, 10s);
        Link first(one.descriptor, "leader", clock, {one.keys});
        Link second(two.descriptor, "leader", clock, {two.keys});
        first.send(LetterKind::ready, "1");
        second.send(LetterKind::ready, "2");
        CHECK(first.receive(10s).value().body == "to 1");
        CHECK(second.receive(10s).value().body == "to 2");
    });
    const std::vector<Met> met = three.meeting.await(three.keys, 20s);
    std::string said;                              // Checked once the other thread has ended.
    for (std::size_t i = 0; i < met.size(); ++i) { // In order of rank, not of coming.
        Link link(met[i].descriptor, "other", clock, {met[i].keys});
        said += link.receive(10s).value().body;
        link.send(LetterKind::ready, "to " + std::to_string(i + 1));
    }
    others.get();
    CHECK(said == "12");
    CHECK_THROWS_AS(three.meeting.await({three.keys[0], three.keys[1]}, 0s), drivers::HostError);
    CHECK_THROWS_AS(MeetingPlace::from_text("short"), drivers::HostError);
    CHECK_THROWS_AS(Meeting({.only_on = "no-such-interface"}), drivers::HostError);
}

TEST_CASE("those who say nothing, or little by little, keep nobody waiting", "[hosts]") {
    Three three;
    std::vector<int> silent;
    for (int i = 0; i < 40; ++i) {
        silent.push_back(connection_to(three.place.port));
    }
    std::atomic<bool> over{false};
    std::thread drop([&] { // A letter at a time, for ever.
        const int slow = connection_to(three.place.port);
        while (!over && ::send(slow, "0", 1, MSG_NOSIGNAL) == 1) {
            std::this_thread::sleep_for(50ms);
        }
        ::close(slow);
    });
    auto others = std::async(std::launch::async, [&] {
        const PublicKey leader = three.meeting.public_key();
        const Met one = go_to(three.place, {1, three.first, leader}, 20s);
        const Met two = go_to(three.place, {2, three.second, leader}, 20s);
        ::close(one.descriptor);
        ::close(two.descriptor);
    });
    const auto began = std::chrono::steady_clock::now();
    for (const Met& one : three.meeting.await(three.keys, 20s)) {
        ::close(one.descriptor);
    }
    CHECK(std::chrono::steady_clock::now() - began < 10s); // One after the other it would be 20 s.
    over = true;
    drop.join();
    others.get();
    for (const int one : silent) {
        CHECK(is_turned_away(one));
        ::close(one);
    }
}

TEST_CASE("an answer that was overheard lets nobody in a second time", "[hosts]") {
    Three three;
    std::string overheard;
    auto others = std::async(std::launch::async, [&] {
        const int honest = connection_to(three.place.port);
        const std::string challenge = heard(honest, challenge_bytes);
        const ConnectionKeys keys =
            keys_of(three.first.shared_with(three.meeting.public_key()), challenge);
        overheard = "00000001" + seal_proof(keys.newcomer_proof, challenge + "00000001");
        const int thief = connection_to(three.place.port); // It comes first with the same words.
        (void)heard(thief, challenge_bytes);
        CHECK(say(thief, overheard));
        CHECK(heard(thief, 1).empty());
        ::close(thief);
        CHECK(say(honest, overheard));
        CHECK(is_proof(heard(honest, proof_bytes), keys.leader_proof, challenge));
        const int again = connection_to(three.place.port); // The place of rank 1 is taken.
        const std::string other = heard(again, challenge_bytes);
        const ConnectionKeys own =
            keys_of(three.first.shared_with(three.meeting.public_key()), other);
        CHECK(say(again, "00000001" + seal_proof(own.newcomer_proof, other + "00000001")));
        CHECK(heard(again, 1).empty());
        for (const char* const rank :
             {"00000000", "00000003", "ffffffff", "-0000001", "zzzzzzzz"}) {
            const int wrong = connection_to(three.place.port);
            const std::string asked = heard(wrong, challenge_bytes);
            CHECK(say(wrong, std::string(rank) + std::string(proof_bytes, 'x')));
            CHECK(heard(wrong, 1).empty());
            ::close(wrong);
        }
        ::close(honest);
        ::close(again);
        const Met two = go_to(three.place, {2, three.second, three.meeting.public_key()}, 20s);
        ::close(two.descriptor);
    });
    for (const Met& one : three.meeting.await(three.keys, 20s)) {
        ::close(one.descriptor);
    }
    others.get();
}

TEST_CASE("whoever answers at the leader's place without its key is not taken for it", "[hosts]") {
    const Three three;
    const int door = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(door, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(door, 8) == 0);
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(door, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    std::thread impostor([door] {
        const int newcomer = ::accept(door, nullptr, nullptr);
        (void)say(newcomer, std::string(challenge_bytes, 'c'));
        (void)heard(newcomer, 8 + proof_bytes);
        (void)say(newcomer, std::string(proof_bytes, 'p'));
        ::close(newcomer);
        ::close(door);
    });
    const MeetingPlace place{{"127.0.0.1"}, ntohs(address.sin_port)};
    CHECK_THROWS_AS(go_to(place, {1, three.first, three.meeting.public_key()}, 300ms),
                    drivers::HostError);
    impostor.join();
}

TEST_CASE("a record that was changed, repeated, left out or moved ends the reading", "[hosts]") {
    SealKey key{};
    key.fill(7);
    Sealer sealer(key);
    const std::string large(200'000, 'x');
    const std::string first = sealer.seal("first letter");
    const std::string second = sealer.seal(large);
    const std::string third = sealer.seal("third");
    CHECK(first.find("letter") == std::string::npos);
    CHECK(sealer.seal("first letter") != first); // Equal words are not seen to be equal.
    const auto opened = [&](std::string sealed) -> std::optional<std::string> {
        Unsealer unsealer(key);
        std::string plain;
        return unsealer.open(sealed, plain) ? std::optional(plain) : std::nullopt;
    };
    CHECK(opened(first + second + third) == "first letter" + large + "third");
    CHECK(opened(first + second.substr(0, 100)) == "first letter"); // The rest may still come.
    for (std::size_t at = 0; at < first.size(); ++at) {
        std::string changed = first;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        const auto plain = opened(changed + second);
        CHECK((!plain || plain->empty())); // Empty: it waits for a longer record.
    }
    CHECK_FALSE(opened(first + first));
    CHECK_FALSE(opened(second + first));
    CHECK_FALSE(opened(first + third));
    CHECK_FALSE(opened(std::string(64, '\0')));
    CHECK_FALSE(opened(std::string(64, '\xff')));
    SealKey other = key;
    other[31] ^= 1U;
    Unsealer stranger(other);
    std::string sealed = first;
    std::string plain;
    CHECK_FALSE(stranger.open(sealed, plain));
}

TEST_CASE("keys agree with published ones", "[hosts]") {
    SealKey secret{};
    secret.fill(0x0b);
    const SealKey out = derived_key(secret, "salt", "purpose");
    // openssl kdf -keylen 32 -kdfopt digest:SHA2-256 -kdfopt hexkey:0b..0b -kdfopt salt:salt
    // -kdfopt info:purpose HKDF
    const SealKey published{0xC3, 0x33, 0xC4, 0x3B, 0x3F, 0x80, 0x28, 0x4B, 0x29, 0x45, 0x58,
                            0x86, 0xD8, 0x54, 0xEC, 0xB1, 0xFA, 0x37, 0x63, 0xD8, 0xDB, 0x1E,
                            0x46, 0x26, 0x7F, 0x00, 0x1F, 0x39, 0xE4, 0xDB, 0x50, 0x64};
    CHECK(out == published);
    CHECK(out != derived_key(secret, "salt", "purposf"));
    CHECK(out != derived_key(secret, "salu", "purpose"));
    const MeetingKey one;
    const MeetingKey other;
    CHECK(one.shared_with(other.public_key()) == other.shared_with(one.public_key()));
    CHECK_THROWS_AS(one.shared_with(PublicKey{}), drivers::HostError); // Of small order.
}
