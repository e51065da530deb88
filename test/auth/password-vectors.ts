/** What the tools of others wrote for the password `open sesame`. */
export const vectors = {
  // mosquitto_passwd 2.0.11 -H sha512
  sha512:
    '$6$xkhtdRbOA0X3M0+x$BRU8/AT6okWH5aLtt9TpjAuuu1XjQxsv9Rgkr9yIwVx5SBJEVGRBtDD3Ua7HKALLsYb6gLHcXAaEMcy2WplnoQ==',
  // mosquitto_passwd 2.0.11
  pbkdf2:
    '$7$101$zLeczIpnicpQzGZV$0HxGrT7beMzIUhRh/pvtqSQs2H2MSZ9DDp88t5Rv+cCx/iaeSH10y/Uf9puwNSEWDVlHzi7wQozzsbXZ/2Y03g==',
  // crypt(3) of libxcrypt, the format of htpasswd -B
  bcrypt: '$2y$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW',
} as const

/** The same of mosquitto_passwd for the user `größe` and the password `pässwort`. */
export const accented = {
  sha512:
    '$6$Wii3Sf+mBuWaFgED$NNifPMHT4VavazNwvBYaXPTuQ5wuaIL1nxk+RJ2LfP6Qxuw5BLq2pyNTrOFLGIqNRacUcrUdy3GOVfZT8k5tHw==',
  pbkdf2:
    '$7$101$WOMj6dbBvG9C2qr0$Ip6uyg7YJZ2W+pmx+5zzUxGDzOpAvJSVxgpsBDUpu9WtgKsxEm6mUznkMomLXn1SxLeFNsn2fQZ0sKReQoFW/A==',
} as const

/**
 * argon2id as mosquitto 2.1 keeps it, a PHC string; of the password `password` and the salt
 * `somesalt`, from the test vectors of the reference implementation (m=65536, t=2, p=1).
 */
export const argon2idReference =
  '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
