// SPDX-License-Identifier: Apache-2.0
#include "drivers/wire/nvme_auth_secret.h"

#include "drivers/wire/little_endian.h"

#include <algorithm>
#include <array>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace drivers::wire::nvme {

namespace {

constexpr std::string_view secret_prefix = "DHHC-1:";

const EVP_MD* digest_of(AuthHash hash) noexcept {
    switch (hash) {
    case AuthHash::sha384:
        return EVP_sha384();
    case AuthHash::sha512:
        return EVP_sha512();
    default:
        return EVP_sha256();
    }
}

const unsigned char* raw(std::span<const std::byte> bytes) noexcept {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}

void append(std::vector<std::byte>& out, std::string_view text) {
    for (const char c : text) {
        out.push_back(static_cast<std::byte>(c));
    }
}

std::vector<std::byte>
hmac(AuthHash hash, std::span<const std::byte> key, std::span<const std::byte> message) {
    std::vector<std::byte> out(auth_hash_bytes(hash));
    unsigned length = 0;
    HMAC(digest_of(hash),
         key.data(),
         static_cast<int>(key.size()),
         raw(message),
         message.size(),
         reinterpret_cast<unsigned char*>(out.data()),
         &length);
    return out;
}

// CRC-32 of ISO 3309, as behind the key in a secret's text.
std::uint32_t crc32_of(std::span<const std::byte> bytes) noexcept {
    constexpr std::uint32_t polynomial = 0xEDB88320U;
    std::uint32_t crc = 0xFFFFFFFFU;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? polynomial : 0U);
        }
    }
    return ~crc;
}

} // namespace

std::optional<AuthSecret> parse_auth_secret(std::string_view text) {
    constexpr std::size_t key_at = 10; // "DHHC-1:hh:"
    constexpr std::size_t text_max = 128;
    if (text.size() <= key_at + 1 || text.size() > text_max || !text.starts_with(secret_prefix) ||
        text[9] != ':' || text.back() != ':' || text[7] != '0' || text[8] < '0' || text[8] > '3') {
        return std::nullopt;
    }
    AuthSecret secret;
    secret.transform = static_cast<AuthHash>(text[8] - '0');
    const std::string_view base64 = text.substr(key_at, text.size() - key_at - 1);
    if (base64.size() % 4 != 0) {
        return std::nullopt;
    }
    std::vector<std::byte> decoded(base64.size() / 4 * 3);
    const int got = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                                    reinterpret_cast<const unsigned char*>(base64.data()),
                                    static_cast<int>(base64.size()));
    if (got < 0) {
        return std::nullopt;
    }
    const auto padding = static_cast<std::size_t>(std::count(
        base64.end() - std::min<std::ptrdiff_t>(2, std::ssize(base64)), base64.end(), '='));
    decoded.resize(static_cast<std::size_t>(got) - padding);
    const std::size_t key_bytes = decoded.size() < 4 ? 0 : decoded.size() - 4;
    if (key_bytes != 32 && key_bytes != 48 && key_bytes != 64) {
        return std::nullopt;
    }
    const auto key = std::span(decoded).first(key_bytes);
    if (get_le<std::uint32_t>(decoded, key_bytes) != crc32_of(key)) {
        return std::nullopt;
    }
    secret.key.assign(key.begin(), key.end());
    return secret;
}

std::string auth_secret_text(const AuthSecret& secret) {
    std::vector<std::byte> bytes = secret.key;
    bytes.resize(secret.key.size() + 4);
    put_le(std::span(bytes), secret.key.size(), crc32_of(secret.key));
    std::string base64((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                       raw(bytes),
                                       static_cast<int>(bytes.size()));
    base64.resize(static_cast<std::size_t>(length));
    return std::string(secret_prefix) + "0" +
           static_cast<char>('0' + static_cast<int>(secret.transform)) + ":" + base64 + ":";
}

std::vector<std::byte> transformed_key(const AuthSecret& secret, std::string_view nqn) {
    if (secret.transform == AuthHash::none) {
        return secret.key;
    }
    std::vector<std::byte> message;
    append(message, nqn);
    append(message, "NVMe-over-Fabrics");
    return hmac(secret.transform, secret.key, message);
}

std::vector<std::byte> auth_response(std::span<const std::byte> key, const AuthProof& proof) {
    std::vector<std::byte> message(proof.challenge.begin(), proof.challenge.end());
    std::array<std::byte, 7> numbers{};
    put_le(std::span<std::byte>(numbers), 0, proof.sequence);
    put_le(std::span<std::byte>(numbers), 4, proof.transaction);
    numbers[6] = std::byte{proof.secure_channel};
    message.insert(message.end(), numbers.begin(), numbers.end());
    append(message, proof.role);
    append(message, proof.own_nqn);
    message.push_back(std::byte{0});
    append(message, proof.peer_nqn);
    return hmac(proof.hash, key, message);
}

std::vector<std::byte> augmented_challenge(AuthHash hash,
                                           std::span<const std::byte> session_key,
                                           std::span<const std::byte> challenge) {
    std::vector<std::byte> hashed(auth_hash_bytes(hash));
    unsigned length = 0;
    EVP_Digest(session_key.data(),
               session_key.size(),
               reinterpret_cast<unsigned char*>(hashed.data()),
               &length,
               digest_of(hash),
               nullptr);
    return hmac(hash, hashed, challenge);
}

std::vector<std::byte> random_bytes(std::size_t count) {
    std::vector<std::byte> bytes(count);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        throw std::runtime_error("no random bytes to be had");
    }
    return bytes;
}

bool equal_secrets(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct AuthExchange::Key {
    using Pointer = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
    Pointer pair{nullptr, &EVP_PKEY_free};
    std::size_t bytes = 0;
};

AuthExchange::AuthExchange(AuthGroup group)
    : key_(std::make_unique<Key>()) {
    constexpr std::array<const char*, 6> names{
        "", "ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"};
    const auto index = static_cast<std::size_t>(group);
    if (index == 0 || index >= names.size()) {
        throw std::invalid_argument("no such Diffie-Hellman group");
    }
    using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
    const Context context(EVP_PKEY_CTX_new_from_name(nullptr, "DH", nullptr), &EVP_PKEY_CTX_free);
    std::string name = names[index];
    const std::array<OSSL_PARAM, 2> parameters{
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), 0),
        OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_params(context.get(), parameters.data()) != 1 ||
        EVP_PKEY_generate(context.get(), &made) != 1) {
        throw std::runtime_error("cannot make a Diffie-Hellman key");
    }
    key_->pair.reset(made);
    key_->bytes = static_cast<std::size_t>(EVP_PKEY_get_size(made));
}

AuthExchange::~AuthExchange() = default;
AuthExchange::AuthExchange(AuthExchange&&) noexcept = default;
AuthExchange& AuthExchange::operator=(AuthExchange&&) noexcept = default;

std::vector<std::byte> AuthExchange::public_value() const {
    std::vector<std::byte> out(key_->bytes);
    BIGNUM* value = nullptr;
    if (EVP_PKEY_get_bn_param(key_->pair.get(), OSSL_PKEY_PARAM_PUB_KEY, &value) == 1) {
        BN_bn2binpad(
            value, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
        BN_free(value);
    }
    return out;
}

std::optional<std::vector<std::byte>>
AuthExchange::session_key(std::span<const std::byte> peer) const {
    if (peer.size() != key_->bytes) {
        return std::nullopt;
    }
    Key::Pointer other(EVP_PKEY_new(), &EVP_PKEY_free);
    using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;
    const Context context(EVP_PKEY_CTX_new(key_->pair.get(), nullptr), &EVP_PKEY_CTX_free);
    std::vector<std::byte> key(key_->bytes);
    std::size_t length = key.size();
    const bool done =
        other && context && EVP_PKEY_copy_parameters(other.get(), key_->pair.get()) == 1 &&
        EVP_PKEY_set1_encoded_public_key(other.get(), raw(peer), peer.size()) == 1 &&
        EVP_PKEY_derive_init(context.get()) == 1 &&
        EVP_PKEY_CTX_set_dh_pad(context.get(), 1) == 1 &&
        EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 && // Checks the value's range.
        EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(key.data()), &length) == 1;
    if (!done) {
        return std::nullopt;
    }
    key.resize(length);
    return key;
}

} // namespace drivers::wire::nvme
