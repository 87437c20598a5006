# Without --signature_def: the only signature, whatever its name.
"$BIN/savedmodel" convert "$DATA/models/nested_while_v1/1" copy --to pbtxt
sed -i 's/"serving_default"/"only"/' copy/saved_model.pbtxt
"$BIN/savedmodel" show --dir copy --tag_set serve
"$BIN/savedmodel" run --dir "$DATA/models/nested_while_v1/1" --input_exprs 'n=3; x=[0.5, 2.0]' >a
"$BIN/savedmodel" run --dir copy --input_exprs 'n=3; x=[0.5, 2.0]' >b
cmp a b && grep -c Result a
