/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests signed by python-cryptography 48, and signatures that its keys made, but
 * nobody may accept; thumbprints and hashes by hashlib.
 */
#ifndef TESTS_JOSE_VECTORS_H
#define TESTS_JOSE_VECTORS_H

/* clang-format off */
#define VECTOR_URL "https://ca.example:8443/acme/server/new-account"
#define VECTOR_NONCE "AAAAAAAAAAABAgMEBQYHCAkKCwwNDg8Q"
#define VECTOR_PAYLOAD "{\"termsOfServiceAgreed\":true,\"contact\":[\"mailto:admin@ca.example\"]" \
	"}"

static const struct vector {
	const char *alg, *jwk, *thumbprint, *spki_hex, *key_hash_hex, *input, *signature;
} vectors[] = {
	{ "ES256",
	    "{\"kty\": \"EC\", \"crv\": \"P-256\", \"x\": \"DEJ4pC5FUmBq4nR4pnJBUoyl_"
	    "u43cAGGHyfveDssg2o\", \"y\": \"xmSMhSpx4ObiTP4tUu5_foeVU-cbuFGov_ODg_jr3"
	    "mg\"}",
	    "hl7bz9si8cfY1vXli_4M9NF7lmGNh1M-2CoVpC-x4Mw",
	    "3059301306072a8648ce3d020106082a8648ce3d030107034200040c4278a42e4552606a"
	    "e27478a67241528ca5feee377001861f27ef783b2c836ac6648c852a71e0e6e24cfe2d52"
	    "ee7f7e879553e71bb851a8bff38383f8ebde68",
	    "af29d284a6195b6c2cf178524422822b526c364f05a7c776f7b831ea4fe953c3",
	    "eyJhbGciOiAiRVMyNTYiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL25l"
	    "dy1hY2NvdW50IiwgImp3ayI6IHsia3R5IjogIkVDIiwgImNydiI6ICJQLTI1NiIsICJ4Ijog"
	    "IkRFSjRwQzVGVW1CcTRuUjRwbkpCVW95bF91NDNjQUdHSHlmdmVEc3NnMm8iLCAieSI6ICJ4"
	    "bVNNaFNweDRPYmlUUDR0VXU1X2ZvZVZVLWNidUZHb3ZfT0RnX2pyM21nIn19.eyJ0ZXJtc09"
	    "mU2VydmljZUFncmVlZCI6dHJ1ZSwiY29udGFjdCI6WyJtYWlsdG86YWRtaW5AY2EuZXhhbXB"
	    "sZSJdfQ",
	    "-loNccHQUVyF4XAW260I9mVKfD2f-XQktSabx8AAI7NZLdbQFTuAD4Gl0_JvUZlwBUCtmA38"
	    "HAuUGuhWtCwSEg" },
	{ "ES384",
	    "{\"kty\": \"EC\", \"crv\": \"P-384\", \"x\": \"W5M0xDtv3dviLemtcc7xWQT1M"
	    "zGZ-RvVcXd4lAZdyB_fwlZh4DyKJ2V0lqeWbq-d\", \"y\": \"4m-zesrtCHYU19Bz1dfR"
	    "_fMc3uDeSnwyDde38XiCpkoC0Kpn4vTK24Dqc0PLZr0H\"}",
	    "dGcvZjnZ0_4L9YHlDcAzRIFFJOxa7Fv0aImPRHPkrY8",
	    "3076301006072a8648ce3d020106052b81040022036200045b9334c43b6fdddbe22de9ad"
	    "71cef15904f5333199f91bd571777894065dc81fdfc25661e03c8a27657496a7966eaf9d"
	    "e26fb37acaed087614d7d073d5d7d1fdf31cdee0de4a7c320dd7b7f17882a64a02d0aa67"
	    "e2f4cadb80ea7343cb66bd07",
	    "e20380932d8ad1a7c528bf6f3944f5b8178f86941b339efacdba1910b932feee",
	    "eyJhbGciOiAiRVMzODQiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL25l"
	    "dy1hY2NvdW50IiwgImp3ayI6IHsia3R5IjogIkVDIiwgImNydiI6ICJQLTM4NCIsICJ4Ijog"
	    "Ilc1TTB4RHR2M2R2aUxlbXRjYzd4V1FUMU16R1otUnZWY1hkNGxBWmR5Ql9md2xaaDREeUtK"
	    "MlYwbHFlV2JxLWQiLCAieSI6ICI0bS16ZXNydENIWVUxOUJ6MWRmUl9mTWMzdURlU253eURk"
	    "ZTM4WGlDcGtvQzBLcG40dlRLMjREcWMwUExacjBIIn19.eyJ0ZXJtc09mU2VydmljZUFncmV"
	    "lZCI6dHJ1ZSwiY29udGFjdCI6WyJtYWlsdG86YWRtaW5AY2EuZXhhbXBsZSJdfQ",
	    "ChyzB_90aCRr6g5QR5yPUaMLGjfqe7S0YNJ5VJvVnacwps1IDHZtWpuO0ncjWp03LvzpaaSR"
	    "QTh7tFnvxg6OC60OdxIb9xI7i1pA_nRw9_9gEJsJsCOcJTS9Sa_YxsII" },
	{ "ES512",
	    "{\"kty\": \"EC\", \"crv\": \"P-521\", \"x\": \"AV9m5uAo7zs_rbCtertUdGWA9"
	    "XpsU4y2Ax8h1giFRml_p7Vj3CluBX0RjW6qwk0mgPO01m_OYisDZJC4yHMExzz6\", \"y\""
	    ": \"ARZ1cRNsCLKtTYaNcdQfPUYgWlE6uB2enbRun-C7KbyVt5nvGhL8HJdRqeGaub3RT3xy"
	    "s-tEDYLbsOnGGIv2UqsU\"}",
	    "Xj8u5kkqR3nmx7loTqb3NVMJprgRQyMMctXMaHdUvrs",
	    "30819b301006072a8648ce3d020106052b810400230381860004015f66e6e028ef3b3fad"
	    "b0ad7abb54746580f57a6c538cb6031f21d6088546697fa7b563dc296e057d118d6eaac2"
	    "4d2680f3b4d66fce622b036490b8c87304c73cfa01167571136c08b2ad4d868d71d41f3d"
	    "46205a513ab81d9e9db46e9fe0bb29bc95b799ef1a12fc1c9751a9e19ab9bdd14f7c72b3"
	    "eb440d82dbb0e9c6188bf652ab14",
	    "2f4f902ac948da6854dd339638c5fb61c8944e49f2c9c50c2aaf8459b05db33c",
	    "eyJhbGciOiAiRVM1MTIiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL25l"
	    "dy1hY2NvdW50IiwgImp3ayI6IHsia3R5IjogIkVDIiwgImNydiI6ICJQLTUyMSIsICJ4Ijog"
	    "IkFWOW01dUFvN3pzX3JiQ3RlcnRVZEdXQTlYcHNVNHkyQXg4aDFnaUZSbWxfcDdWajNDbHVC"
	    "WDBSalc2cXdrMG1nUE8wMW1fT1lpc0RaSkM0eUhNRXh6ejYiLCAieSI6ICJBUloxY1JOc0NM"
	    "S3RUWWFOY2RRZlBVWWdXbEU2dUIyZW5iUnVuLUM3S2J5VnQ1bnZHaEw4SEpkUnFlR2F1YjNS"
	    "VDN4eXMtdEVEWUxic09uR0dJdjJVcXNVIn19.eyJ0ZXJtc09mU2VydmljZUFncmVlZCI6dHJ"
	    "1ZSwiY29udGFjdCI6WyJtYWlsdG86YWRtaW5AY2EuZXhhbXBsZSJdfQ",
	    "AWK123SMvmB_Qm1IZbzBRJpcJNk_FFyzAwqLF6lTZpeEP5Lvrr74AQ1s4jgh0OUdGOR4eL0S"
	    "VRrs2XimKBBrKcpoAC4FKEIV46-0JnQaMWYSHHEVXVYvMtjLopI_umRAsK83hpVfRqgcU0pz"
	    "ouWGdoQao__GiVv6HCEZp8eBCn79ATLP" },
	{ "RS256",
	    "{\"kty\": \"RSA\", \"n\": \"4xDJ1qeLTH5kLM7kz8J__kXRuZnkjd3FxDojZPxTTSoP"
	    "V8Q4tjNifFLkes1-Eb4qnXmLr3753TKeDgWDMt4DgXqf-n9E5yQL8hDHCMFPyIuRxmzMnLVF"
	    "RClZlXZ__F0UeMX0OvohZ9v16nXjJwZJyevFLxCv_gcDBiWL9AvaS9yoIlIbsrRnc25bzhr0"
	    "PjOEOB0RApRRoJIz7YCNq8_hZrXbCuo95v8db1YA1BvguA6bhK2iRkzDqre1M4msiuAyYc82"
	    "86qQ1Cm9MbbN6Mq7SiEPVMM5OJ-EHwDP145HT5_ydNC69-A-j5dVFYBOIHFB9vjE9RBnsJ4Z"
	    "x5h6CyPPUQ\", \"e\": \"AQAB\"}",
	    "zASw-jPIJCYR2-6sfPajiOWxHqlDdCPsGw8p8IhC4XQ",
	    "30820122300d06092a864886f70d01010105000382010f003082010a0282010100e310c9"
	    "d6a78b4c7e642ccee4cfc27ffe45d1b999e48dddc5c43a2364fc534d2a0f57c438b63362"
	    "7c52e47acd7e11be2a9d798baf7ef9dd329e0e058332de03817a9ffa7f44e7240bf210c7"
	    "08c14fc88b91c66ccc9cb54544295995767ffc5d1478c5f43afa2167dbf5ea75e3270649"
	    "c9ebc52f10affe070306258bf40bda4bdca822521bb2b467736e5bce1af43e3384381d11"
	    "029451a09233ed808dabcfe166b5db0aea3de6ff1d6f5600d41be0b80e9b84ada2464cc3"
	    "aab7b53389ac8ae03261cf36f3aa90d429bd31b6cde8cabb4a210f54c339389f841f00cf"
	    "d78e474f9ff274d0baf7e03e8f975515804e207141f6f8c4f51067b09e19c7987a0b23cf"
	    "510203010001",
	    "224615a6e8bef356ea79e445266354b41793d050790e9913c55d3a76e2700b8a",
	    "eyJhbGciOiAiUlMyNTYiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL25l"
	    "dy1hY2NvdW50IiwgImp3ayI6IHsia3R5IjogIlJTQSIsICJuIjogIjR4REoxcWVMVEg1a0xN"
	    "N2t6OEpfX2tYUnVabmtqZDNGeERvalpQeFRUU29QVjhRNHRqTmlmRkxrZXMxLUViNHFuWG1M"
	    "cjM3NTNUS2VEZ1dETXQ0RGdYcWYtbjlFNXlRTDhoREhDTUZQeUl1Unhtek1uTFZGUkNsWmxY"
	    "Wl9fRjBVZU1YME92b2haOXYxNm5Yakp3Wkp5ZXZGTHhDdl9nY0RCaVdMOUF2YVM5eW9JbEli"
	    "c3JSbmMyNWJ6aHIwUGpPRU9CMFJBcFJSb0pJejdZQ05xOF9oWnJYYkN1bzk1djhkYjFZQTFC"
	    "dmd1QTZiaEsyaVJrekRxcmUxTTRtc2l1QXlZYzgyODZxUTFDbTlNYmJONk1xN1NpRVBWTU01"
	    "T0otRUh3RFAxNDVIVDVfeWROQzY5LUEtajVkVkZZQk9JSEZCOXZqRTlSQm5zSjRaeDVoNkN5"
	    "UFBVUSIsICJlIjogIkFRQUIifX0.eyJ0ZXJtc09mU2VydmljZUFncmVlZCI6dHJ1ZSwiY29u"
	    "dGFjdCI6WyJtYWlsdG86YWRtaW5AY2EuZXhhbXBsZSJdfQ",
	    "iyB6AgIKhqjzgZdQQaYuDnm-4FuJS_fWtwVOYsEHHcpMDvXQ0EInVItkasNfA7oLRJ34704J"
	    "42HA9D_kuZJPBZG-A4Fs6ThEWaQZNFYt85OLqAytNjVbljTeksjgJeR1GMrMdyDewwDPld8O"
	    "eEBU14W0bCT7rK42dLM6QsCzYyId0lKL3vGSGTB3L0--qR904YKuovF6E470-7P2Dq8OsijZ"
	    "PHG3a6dLfh9YFBd2u9T6yodgpeOWN2o-MTfvUlXQpGLKBycYyoyvItNSkNbMXzrAfyybw279"
	    "xpE1dWutzSa1BW3I8gFW6ueqVwP8vVqrpk3lnBGuiRtY-d4nWfgpYg" },
	{ "EdDSA",
	    "{\"kty\": \"OKP\", \"crv\": \"Ed25519\", \"x\": \"N1E_e5JrhHyopR-8sxmfm_"
	    "HIqN_yt7XvHEF3gOaQyBU\"}",
	    "KyKL6AkbQdrap0lp0ERH45f_1POHqyrpJBNPeXI_xCs",
	    "302a300506032b657003210037513f7b926b847ca8a51fbcb3199f9bf1c8a8dff2b7b5ef"
	    "1c417780e690c815",
	    "9d79dbf2bcba25b693823f10f4d546c5b597864abdf49111a9dba4253a2cd22a",
	    "eyJhbGciOiAiRWREU0EiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL25l"
	    "dy1hY2NvdW50IiwgImp3ayI6IHsia3R5IjogIk9LUCIsICJjcnYiOiAiRWQyNTUxOSIsICJ4"
	    "IjogIk4xRV9lNUpyaEh5b3BSLThzeG1mbV9ISXFOX3l0N1h2SEVGM2dPYVF5QlUifX0.eyJ0"
	    "ZXJtc09mU2VydmljZUFncmVlZCI6dHJ1ZSwiY29udGFjdCI6WyJtYWlsdG86YWRtaW5AY2Eu"
	    "ZXhhbXBsZSJdfQ",
	    "LmybMyZQohEL9CHAXl2qVDgXOXBBDI8JcyZuIYSnsmWGWKdkhv8mAdLcV1l2zO1F0XyY24at"
	    "fk5z-dbNNAjkBg" },
};

/* The same request, key and header; only the signature is another. */
static const struct {
	const char *alg, *what, *signature;
} bad_signatures[] = {
	{ "ES256", "SHA-384 where SHA-256 is due",
	    "aNIquMO8YWaV1uabOG2MjZDQcdY74yh5zEVdEFZFgrmPcMr7wRg7trFdYq6XyWtn1lINaTwb"
	    "ZZ_BY8D0jAlp4Q" },
	{ "ES512", "SHA-256 where SHA-512 is due",
	    "ASzsvbl57bXdyqXuOULRuySgO6B4Y5TvgKs0dcKajbv8awa2e52985Csmtq5jBMe7ISNxDnX"
	    "cSS_HTEROeDwUReeARbozOBejGfsmLfhZvtxxmcGYwnMHevTCGQDayZxjMuLwfFMjTnkijSH"
	    "TjrDGfBIWc3klxoqQMS3NXVaJuS-zhzm" },
	{ "ES256", "DER",
	    "MEUCIQDYKZkXmPiLpQLMvDQZ65s4lnGS4qyvEgFzfpI6rVO3EQIgA31NtkU6KK1aaI7Te8oJ"
	    "SAixsLSyZHhsZvz7_KZyz_c" },
	{ "RS256", "SHA-384 where SHA-256 is due",
	    "cUfgZovHu07Mi1jN_M0Z5BPshiRNMuOWwJlVjIISCHGheGlwDmxMGiu067UZfpl7SmhEdr9V"
	    "u5ZhBybqUvvLGV31FH-oMM5bN8D1PF78bkjNveY9mPO70KvT7KNmMEGAUyj14VHwO7UBbOVa"
	    "dQapR-WGoHCS-lvzGdV2DEF60bOIZPVaHSvkIsh1_R8WS5cMzgVT_m1zFA-PhXUN9a8CHflW"
	    "JIofNnnWv8PwwFuCZiE3vLeOwUcXWTtCmMj7RU6mB9ME9tfwrDDoES_3I4liySxx_4gU4ogI"
	    "Hmr_xvcIju41nnKD4VKbdFQ3FiyF7AWJ1BJv5gOEQ8P2iwbaJlooAg" },
	{ "RS256", "PSS",
	    "X2sqFaHDGD5c8dnzbhRUxHssufb9kMiKLSOQ-Nb-qOOQ1ZLN16KXDZAet3-fmWcHWF3r9QBx"
	    "e7fqQqi3SHQdlQSIKZDKR3mxNhZ0ABqWmwBFwZ4gFRl0z-EZVi9liNI36jyjHr2mc8m4d4JJ"
	    "GiEGlzaQREkkJY-C3Yf7ywjIvBlDaJipUC8fngkzaiPTZb8s50rxko7TFKU6TWcKa3eVO8Nj"
	    "nhXv3CFWaMSjTbciQy9cndu_BLH-bvfpccF8j0s22pH3CpIYj2e9A8YLARV2Qgs10t4m60yY"
	    "Skxkbyg7sEClkyA-ljn_Q6NFonRN2XGexsonoSuIbdY7hfyq95AZRQ" },
	{ "RS256", "garbage behind the hash (Bleichenbacher 2006)",
	    "J30FPuPM49BVDWpMUUmTbUx7o94MgbU20eCYG20CFBn99_eEhdWt45nrlnG55Tcjt7epGMR5"
	    "fICrJQ45lQSn5wJedFle3mBCDkusAXpT-s3y7SakjppIljVusTvGsq4RYOr2_f63fQmx9g8a"
	    "Uawt-YkbbKU32zDTUGRfvnOnr26C06lS1ry_vvz3QrL997wUgjLs7miDVjG5LxlX3Q-y35KM"
	    "nKnU4yAEG1QlZM5z9c-3CkGJahTfhc7UJCAMNe86dYrZgevCrgQZ44Kbm67QDQP8sy2DPGSt"
	    "VVYYzp38HsrMe22xp_qbcj05tbWEnUS3tl0UJNN-Ac-vzekMb7VvkA" },
	{ "RS256", "long form of a BER length",
	    "lgWpMo7RAlFxHeT4RmjLNp4N4m6hPk2zQcOhIsIXhK66QB4kLOxvPU79XiJbRVYsZYUQ1aWW"
	    "lucbHk5N9UiqXyrxAkbcxn4OpJQs4QbduyU_eTZV4IDPM5MfsAFOQKF2EwvR1343nvg7eNAs"
	    "6189cYgYjM-ceNRaMDkIrdQE94aSNPB7KpvjbXQsdSfReTIolhgcvi6NZA1n0vGPGhYJ58Aq"
	    "oqZbHy9dCwASpMNRyksGX2DToar7VM5QFJcMkgJ50FSTJzG_VUhOW5QJY5j1WKbsa6T0x0lI"
	    "TxwJ99p2Sm02ud-_KRLrl_Q_0vzM6_Rbri4CjlwMHDziE2oiVnwO4g" },
	{ "RS256", "parameters without the NULL",
	    "NedxxMFnToPYLXmJ7mK1wQLlGtbXBErfs1qN6rHb69B8OcUE-qFWbDzovIfZoXzM4Y9GB3Y5"
	    "DEG15_mIgB8hgwfxmMl3ZJVDwuL-lEJL2UOa1yKG1QB114UlFAVRaW10OxHHFmqmi83mj3oV"
	    "eQmrc6BxpFhX3Gm9AOM2Y3d1ORw5pXSPMNmaqkvArkwAfdzjplDQOMJ_nUKbB4-vHBnTIc7d"
	    "H8wGiH9yA-VouKD7xwDtIG_STw853bNU9A9J4EJ_BAICvtr5SB-tXxz0-mfBd25rwAefgGAV"
	    "9YmzcFV4EWDWStl0UScNMIkevB-Jq0YTuy1oeYYgOLoeidVRxE7O_w" },
	{ "RS256", "padding of another octet",
	    "dkFV0_DZkdMpuiDHPfRkzpQFjSPi_K8owyz0fej5bO5KJYqL2TRqYeJbstbKHMZiukqxLeGy"
	    "MxeHclmcnDP87VcVcuAUim8Ne6NrODFDyf8Wq-rimqj5NruvBGRf1sKrC777SbOAKIXrXS8l"
	    "ZoLcU2uzKMpuJwgQfSmLKpW8gGGWak4rhfskhWOAvDsWGcXiS53b-PgR3q5I5OqDSqKLh3Dg"
	    "1iwcvY7KesxMG86ChAOvjB2wQggartz9ZQoIMwSuCTG3MILTO5AC1A8hOc0hnv1PuvHnMNHg"
	    "YQ4YGFoRVKEOzbNqnm1vGq78Stx5iqt1_ewK80NazSCgLfJTR4Yp3g" },
	{ "RS256", "block type 2",
	    "dzuI-Ow-vIfp7Z8eZFG3Mf1VxV47H_ekPS63Tzo7XhMIVF38m4o9VvcLyPtTBeigV00N8_9W"
	    "EpSDr42h6T0EC7FuRd_L9I4nyFxD-bWa3_1a8i24G9R_JmSc5n3hznQIjEITfpowVChlBYva"
	    "sQwD9MXQ8mISZ-_N6yFDIUgQ2V-UldlO1jW0BXBWyStd8-ij3vHqlrREtmg9wDBrvgAC7hDp"
	    "6AX-YvcBqPuGrf-bwwumNKcPoKWaOATEefq6eHkVl5grXrJZtzfpOAI2YTxFVxOmWWGVZhyU"
	    "O091cu3kjVmeybd9DgqXd8lKSj8O4_72HUzF7dZUmOdP7Y6AAHCtgA" },
	{ "RS256", "bare hash",
	    "sRzrQbLeiRz3t_hFev9tSBAROGopjYbYp3tOG0xQXrLemYb8qsZaId1-dGaXo8AK6_g2D8Tr"
	    "w3ALopW-DuN7ixt_R46ckU-9A3U0P_C-KiJMimVs1yFY5uNBcb_jWxZrZuFyGhSGPeKTeA93"
	    "whUfN7nJCr9H08n7obomrIws8Tmx90biPXg_tvYdCimlujsxivQaQuzmD30wJr_GlbEBGNsX"
	    "hhlu3JBzXwxZ4WEDaIm1ktT94l5KmF3uzxYiZ0Cbr8IcWRNrO7LKYfS4UE6lcvYEhs647nY8"
	    "zCSB0m-rlASGE74OYUZZjqouAMiWeDKyqp57cpgkltPnNnCA4pmeFA" },
	{ "EdDSA", "S plus the order",
	    "LmybMyZQohEL9CHAXl2qVDgXOXBBDI8JcyZuIYSnsmVzLJ3BoGI5Wah5T_xUxsxa0XyY24at"
	    "fk5z-dbNNAjkFg" },
	{ "ES256", "r is 0",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA5t3-95pNKCLKHsDyT9ntQpSngXa5z"
	    "IOOIqlewZl0EIw" },
	{ "ES256", "s is 0",
	    "E1MmP6KRBnq9cKGBgoQYwI0k4FIqJl1zwoliNla2JCMAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAA" },
	{ "ES256", "both are 0",
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAA" },
	{ "ES256", "r is the order",
	    "_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE5t3-95pNKCLKHsDyT9ntQpSngXa5z"
	    "IOOIqlewZl0EIw" },
	{ "ES256", "s is the order",
	    "E1MmP6KRBnq9cKGBgoQYwI0k4FIqJl1zwoliNla2JCP_____AAAAAP__________vOb6racX"
	    "noTzucrC_GMlUQ" },
	{ "ES256", "r is all ones",
	    "__________________________________________85t3-95pNKCLKHsDyT9ntQpSngXa5z"
	    "IOOIqlewZl0EIw" },
	{ "ES256", "s is all ones",
	    "E1MmP6KRBnq9cKGBgoQYwI0k4FIqJl1zwoliNla2JCP_____________________________"
	    "_____________w" },
	{ "ES256", "swapped",
	    "Obd_veaTSgiyh7A8k_Z7UKUp4F2ucyDjiKpXsGZdBCMTUyY_opEGer1woYGChBjAjSTgUiom"
	    "XXPCiWI2VrYkIw" },
};

/* Another good one for the ES256 request: s and n - s are both right. */
static const char other_es256[] =
	    "E1MmP6KRBnq9cKGBgoQYwI0k4FIqJl1zwoliNla2JCPGSIBBGWy1-E14T8NsCYSvF70aT_ik"
	    "faFrD3MSlgYhLg";

/* By the octets 0 to 31; kid-1 for VECTOR_URL, over the ES256 key. */
static const struct {
	const char *alg, *input, *signature;
} macs[] = {
	{ "HS256",
	    "eyJhbGciOiAiSFMyNTYiLCAia2lkIjogImtpZC0xIiwgInVybCI6ICJodHRwczovL2NhLmV4"
	    "YW1wbGU6ODQ0My9hY21lL3NlcnZlci9uZXctYWNjb3VudCJ9.eyJrdHkiOiAiRUMiLCAiY3J"
	    "2IjogIlAtMjU2IiwgIngiOiAiREVKNHBDNUZVbUJxNG5SNHBuSkJVb3lsX3U0M2NBR0dIeWZ"
	    "2ZURzc2cybyIsICJ5IjogInhtU01oU3B4NE9iaVRQNHRVdTVfZm9lVlUtY2J1Rkdvdl9PRGd"
	    "fanIzbWcifQ",
	    "mLtKDsQ4ihkESygf_QDmmHcArOegK0CxoSz99oANpng" },
	{ "HS384",
	    "eyJhbGciOiAiSFMzODQiLCAia2lkIjogImtpZC0xIiwgInVybCI6ICJodHRwczovL2NhLmV4"
	    "YW1wbGU6ODQ0My9hY21lL3NlcnZlci9uZXctYWNjb3VudCJ9.eyJrdHkiOiAiRUMiLCAiY3J"
	    "2IjogIlAtMjU2IiwgIngiOiAiREVKNHBDNUZVbUJxNG5SNHBuSkJVb3lsX3U0M2NBR0dIeWZ"
	    "2ZURzc2cybyIsICJ5IjogInhtU01oU3B4NE9iaVRQNHRVdTVfZm9lVlUtY2J1Rkdvdl9PRGd"
	    "fanIzbWcifQ",
	    "1h2FnptLlwsud4GtzZFJvAGX4Iqq56k8zqsJamkg09vGukpLBo9BVfmMJRdU1Itq" },
	{ "HS512",
	    "eyJhbGciOiAiSFM1MTIiLCAia2lkIjogImtpZC0xIiwgInVybCI6ICJodHRwczovL2NhLmV4"
	    "YW1wbGU6ODQ0My9hY21lL3NlcnZlci9uZXctYWNjb3VudCJ9.eyJrdHkiOiAiRUMiLCAiY3J"
	    "2IjogIlAtMjU2IiwgIngiOiAiREVKNHBDNUZVbUJxNG5SNHBuSkJVb3lsX3U0M2NBR0dIeWZ"
	    "2ZURzc2cybyIsICJ5IjogInhtU01oU3B4NE9iaVRQNHRVdTVfZm9lVlUtY2J1Rkdvdl9PRGd"
	    "fanIzbWcifQ",
	    "Hqdm2yXHsO30EPrrU6ggQ24iXNjO-4W5ZnY1YltWEtpm1YZXSvduJIuRPG4RUXSO2oTC36W9"
	    "UfjAyFzFzpsl6g" },
};

/* POST-as-GET by the ES256 key. */
#define VECTOR_KID "https://ca.example:8443/acme/server/account/1"
static const char post_as_get[][600] = {
	    "eyJhbGciOiAiRVMyNTYiLCAibm9uY2UiOiAiQUFBQUFBQUFBQUFCQWdNRUJRWUhDQWtLQ3d3"
	    "TkRnOFEiLCAidXJsIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL29y"
	    "ZGVyLzEiLCAia2lkIjogImh0dHBzOi8vY2EuZXhhbXBsZTo4NDQzL2FjbWUvc2VydmVyL2Fj"
	    "Y291bnQvMSJ9.",
	    "dcdRm1Se-b9V3zZUyj_B0BTkdJUsgbI_McYI5ljZHIA-B1vFreQ_G-hiCApfHv8k3upHvlwl"
	    "gM-Ba6_R9uZpCA" };
/* clang-format on */

#endif
