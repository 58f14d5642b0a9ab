"""HMAC_DRBG: NIST's own vectors (CAVP, drbgvectors, HMAC_DRBG.rsp, SHA-256), and what it refuses."""

import binascii

from dermis.core.drbg import LARGEST_REQUEST, SEED_LEAST_BYTES, Drbg
from dermis.core.errors import BadInput


def un(text):
    return binascii.unhexlify(text.replace("\n", "").replace(" ", ""))


def second(drbg, first=b"", then=b""):
    """What CAVP compares: the second of two calls, of 128 bytes each."""
    drbg.generate(128, first)
    return drbg.generate(128, then)


def test_no_reseed():
    drbg = Drbg(un("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488 659ba96c601dc69fc902940805ec0ca8"))
    assert second(drbg) == un(
        """e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89
        d54fbb978a15b5c443c9ec21036d2460b6f73ebad0dc2aba6e624abf07745bc1
        07694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668
        961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8"""
    )


def test_personalization():
    drbg = Drbg(
        un(
            """565b2b77937ba46536b0f693b3d5e4a8a24563f9ef1f676e8b5b2ef17823832f 4ef3064ec29f5b7f9686d75a23d170e3
            3b722433226c9dba745087270ab3af2c909425ba6d39f5ce46f07256068319d9"""
        )
    )
    assert second(drbg) == un(
        """d144ee7f8363d128872f82c15663fe658413cd42651098e0a7c51a970de75287
        ec943f9061e902280a5a9e183a7817a44222d198fbfab184881431b4adf35d3d
        1019da5a90b3696b2349c8fba15a56d0f9d010a88e3f9eeedb67a69bcaa71281
        b41afa11af576b765e66858f0eb2e4ec4081609ec81da81df0a0eb06787340ea"""
    )


def test_reseed():
    drbg = Drbg(un("06032cd5eed33f39265f49ecb142c511da9aff2af71203bffaf34a9ca5bd9c0d 0e66f71edc43e42a45ad3c6fc6cdc4df"))
    drbg.reseed(un("01920a4e669ed3a85ae8a33b35a74ad7fb2a6bb4cf395ce00334a9c9a5a5d552"))
    assert second(drbg) == un(
        """76fc79fe9b50beccc991a11b5635783a83536add03c157fb30645e611c2898bb
        2b1bc215000209208cd506cb28da2a51bdb03826aaf2bd2335d576d519160842
        e7158ad0949d1a9ec3e66ea1b1a064b005de914eac2e9d4f2d72a8616a802254
        22918250ff66a41bd2f864a6a38cc5b6499dc43f7f2bd09e1e0f8f5885935124"""
    )


def test_reseed_and_additional_input():
    drbg = Drbg(un("05ac9fc4c62a02e3f90840da5616218c6de5743d66b8e0fbf833759c5928b53d 2b89a17904922ed8f017a63044848545"))
    drbg.reseed(
        un(
            """2791126b8b52ee1fd9392a0a13e0083bed4186dc649b739607ac70ec8dcecf9b
            43bac13bae715092cf7eb280a2e10a962faf7233c41412f69bc74a35a584e54c"""
        )
    )
    assert second(
        drbg,
        un("3f2fed4b68d506ecefa21f3f5bb907beb0f17dbc30f6ffbba5e5861408c53a1e"),
        un("529030df50f410985fde068df82b935ec23d839cb4b269414c0ede6cffea5b68"),
    ) == un(
        """02ddff5173da2fcffa10215b030d660d61179e61ecc22609b1151a75f1cbcbb4
        363c3a89299b4b63aca5e581e73c860491010aa35de3337cc6c09ebec8c91a62
        87586f3a74d9694b462d2720ea2e11bbd02af33adefb4a16e6b370fa0effd57d
        607547bdcfbb7831f54de7073ad2a7da987a0016a82fa958779a168674b56524"""
    )


def test_rfc_6979():
    """A.2.5's first number for "sample": its generator is this one, seeded with the key and the digest."""
    drbg = Drbg(
        un(
            """C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721
            AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF"""
        )
    )
    assert drbg.generate(32) == un("A6E3C57DD01ABE90086538398355DD4C3B17AA873382B0F24D6129493D8AAD60")


def test_lengths():
    seed = bytes(SEED_LEAST_BYTES)
    assert Drbg(seed).generate(0) == b""
    long = Drbg(seed).generate(100)
    for count in (1, 31, 32, 33, 99):
        assert Drbg(seed).generate(count) == long[:count]
    assert len(Drbg(seed).generate(LARGEST_REQUEST)) == LARGEST_REQUEST


def test_any_difference_in_the_seed_is_a_difference_in_all_that_follows():
    first = Drbg(bytes(48)).generate(32)
    assert Drbg(bytes(47) + b"\x01").generate(32) != first
    reseeded = Drbg(bytes(48))
    reseeded.reseed(bytes(32))
    assert reseeded.generate(32) != first
    twice = Drbg(bytes(48))
    assert twice.generate(32) == first != twice.generate(32)


def refused(function, *arguments):
    try:
        function(*arguments)
    except BadInput:
        return True
    return False


def test_too_little_entropy_and_too_much_asked():
    assert refused(Drbg, bytes(SEED_LEAST_BYTES - 1))
    drbg = Drbg(bytes(SEED_LEAST_BYTES))
    assert refused(drbg.reseed, bytes(SEED_LEAST_BYTES - 1))
    assert refused(drbg.generate, LARGEST_REQUEST + 1)
    assert refused(drbg.generate, -1)
