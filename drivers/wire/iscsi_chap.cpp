// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/iscsi_chap.h"

#include "drivers/wire/iscsi_text.h"

#include <memory>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace drivers::wire::iscsi {
namespace {

const EVP_MD* digest_of(ChapAlgorithm algorithm) noexcept {
    switch (algorithm) {
    case ChapAlgorithm::md5:
        return EVP_md5();
    case ChapAlgorithm::sha1:
        return EVP_sha1();
    case ChapAlgorithm::sha256:
        return EVP_sha256();
    }
    return EVP_sha256();
}

} // namespace

std::optional<ChapAlgorithm> choose_chap_algorithm(std::string_view offered) noexcept {
    while (!offered.empty()) {
        const std::size_t comma = offered.find(',');
        const auto number = parse_number(offered.substr(0, comma));
        if (number && *number >= 5 && *number <= 7) {
            return static_cast<ChapAlgorithm>(*number);
        }
        offered = comma == std::string_view::npos ? "" : offered.substr(comma + 1);
    }
    return std::nullopt;
}

ChapChallenge make_chap_challenge(ChapAlgorithm algorithm) {
    ChapChallenge challenge;
    challenge.bytes.resize(static_cast<std::size_t>(EVP_MD_get_size(digest_of(algorithm))));
    auto* bytes = reinterpret_cast<unsigned char*>(challenge.bytes.data());
    if (RAND_bytes(bytes, static_cast<int>(challenge.bytes.size())) != 1 ||
        RAND_bytes(&challenge.identifier, 1) != 1) {
        throw std::runtime_error("CHAP: no random bytes from the host");
    }
    return challenge;
}

std::vector<std::byte>
chap_response(ChapAlgorithm algorithm, const ChapChallenge& challenge, std::string_view secret) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    std::vector<std::byte> digest(EVP_MAX_MD_SIZE);
    unsigned length = 0;
    const bool done =
        context && EVP_DigestInit_ex(context.get(), digest_of(algorithm), nullptr) == 1 &&
        EVP_DigestUpdate(context.get(), &challenge.identifier, 1) == 1 &&
        EVP_DigestUpdate(context.get(), secret.data(), secret.size()) == 1 &&
        EVP_DigestUpdate(context.get(), challenge.bytes.data(), challenge.bytes.size()) == 1 &&
        EVP_DigestFinal_ex(
            context.get(), reinterpret_cast<unsigned char*>(digest.data()), &length) == 1;
    if (!done) {
        throw std::runtime_error("CHAP: this host's OpenSSL refuses the digest");
    }
    digest.resize(length);
    return digest;
}

bool is_same_secretly(Bytes a, Bytes b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace drivers::wire::iscsi
