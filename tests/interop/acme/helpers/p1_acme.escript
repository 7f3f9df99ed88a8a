%% SPDX-License-Identifier: Apache-2.0
%% p1_acme.escript issue DIRECTORY ROOT WEBROOT ACCOUNT-KEY CONTACT NAME OUT
%% p1_acme.escript revoke DIRECTORY CERTIFICATE KEY

main(Args) ->
    [code:add_patha(P) || P <- filelib:wildcard("/usr/lib/erlang/lib/{p1_acme,jose,yconf,"
        "fast_yaml,p1_utils,jiffy,idna,base64url,unicode_util_compat}-*/ebin")],
    {ok, _} = application:ensure_all_started(ssl),
    {ok, _} = application:ensure_all_started(jose),
    ok = p1_acme:start(),
    do(Args).

do(["issue", Directory, Root, Webroot, AccountFile, Contact, Name, Out]) ->
    Put = fun(Challenges) ->
        [ok = file:write_file(filename:join(Webroot, Token), Key)
         || #{token := Token, key := Key} <- Challenges]
    end,
    [{_, Der, _}] = pem(Root),
    Answer = p1_acme:issue(Directory, [Name], account(AccountFile),
        [{challenge_fun, Put}, {cert_type, ec}, {contact, ["mailto:" ++ Contact]},
         {ca_certs, [public_key:pkix_decode_cert(Der, otp)]}]),
    case Answer of
        {ok, #{cert_key := Key, cert_chain := Chain} = Whole} ->
            io:format("~p~n", [maps:get(validation_result, Whole, none)]),
            write(Out ++ ".key", [private(Key)]),
            write(Out ++ ".crt", [{'Certificate',
                public_key:pkix_encode('OTPCertificate', C, otp), not_encrypted} || C <- Chain]);
        {error, Why} ->
            io:format("~s~n~p~n", [p1_acme:format_error(Why), Why]),
            halt(1)
    end;
do(["revoke", Directory, CertificateFile, KeyFile]) ->
    [{_, Der, _} | _] = pem(CertificateFile),
    case p1_acme:revoke(Directory, public_key:pkix_decode_cert(Der, otp), key(KeyFile), []) of
        ok -> io:format("revoked~n");
        {error, Why} -> io:format("~s~n", [p1_acme:format_error(Why)]), halt(1)
    end.

%% The account's key is made the first time.
account(File) ->
    case filelib:is_file(File) of
        true -> key(File);
        false -> Key = p1_acme:generate_key(ec), write(File, [private(Key)]), Key
    end.

private(Key) -> public_key:pem_entry_encode(element(1, Key), Key).

key(File) -> [Entry | _] = pem(File), public_key:pem_entry_decode(Entry).

pem(File) -> {ok, Text} = file:read_file(File), public_key:pem_decode(Text).

write(File, Entries) -> ok = file:write_file(File, public_key:pem_encode(Entries)).
